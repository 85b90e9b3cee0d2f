import type { Command } from "commander";

/** Adds `--weights` and `--no-strict`. */
export function addWeightOptions(command: Command): Command {
  return command
    .option(
      "--weights <FILE|URL|imagenet>",
      "trained weights: a .pth, .bin or .safetensors; imagenet: the file that torchvision downloads",
    )
    .option("--no-strict", "draw what the weights lack, leave out what the network does not have");
}
