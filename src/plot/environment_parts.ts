/**
 * Where and how something was measured, as HTML. Everything that comes from outside is escaped.
 *
 * @module
 */
import type { Comparison, Environment } from "../bench/types.ts";
import { cleanText, escapeMarkup, formatBytes, formatCount, formatShare } from "./format.ts";
import { htmlName, htmlTable } from "./parts.ts";
import { inputSentence, providerSentence } from "./words.ts";

/** Where and how it was measured, and on which files. */
export function htmlEnvironment(comparison: Comparison): string {
  const { environment, before, after, settings, levels } = comparison;
  const model = (card: Comparison["before"]) =>
    `${htmlName(card.name)}, ${formatBytes(card.bytes)}<br>SHA-256 ${htmlName(card.sha256)}`;
  const counted = (count: (level: Comparison["levels"][number]) => number | undefined) =>
    levels.filter((level) => count(level) !== undefined)
      .map((level) => `${level.level} ${formatCount(count(level)!)}`).join(", ");
  const openings = counted(({ openings }) => openings?.length);
  const rows = [
    ...machineRows(environment),
    ["Provider", `${escapeMarkup(environment.provider)}: ${escapeMarkup(providerSentence(comparison))}`],
    ["Input", escapeMarkup(inputSentence(comparison))],
    ...(settings
      ? [[
        "Asked for",
        `${settings.seconds} s, at least ${formatCount(settings.minRounds)} rounds a level; ` +
        `“same” is within ±${formatShare(settings.delta)}`,
      ]]
      : []),
    ...(openings ? [["Openings", escapeMarkup(openings)]] : []),
    ["Rounds", escapeMarkup(counted(({ lnRatios }) => lnRatios.length))],
    ...runRows(environment),
    ["Before", model(before)],
    ["After", model(after)],
  ];
  return htmlTable(["", ""], rows, { className: "environment" });
}

/** Where it was measured, for several comparisons on one machine. */
export function htmlMachine(environment: Environment): string {
  const { provider, threads } = environment;
  const asked = `${escapeMarkup(provider)}, ${threads} thread${threads === 1 ? "" : "s"}`;
  const rows = [...machineRows(environment), ["Provider", asked], ...runRows(environment)];
  return htmlTable(["", ""], rows, { className: "environment" });
}

function machineRows(environment: Environment): string[][] {
  const { cpu, cores, load, loadEnd, memoryBytes, os, gpu } = environment;
  const average = (value: number | null) => value === null ? "not known" : value.toFixed(2);
  const state = stateOf(environment);
  return [
    ["Measured", escapeMarkup(minute(environment.date))],
    ["Processor", `${escapeMarkup(cpu)}, ${cores} core${cores === 1 ? "" : "s"}`],
    ...(state.length > 0 ? [["Its state", escapeMarkup(state.join("; "))]] : []),
    loadEnd === undefined
      ? ["Load at start", average(load)]
      : ["Load", `${average(load)} at the begin, ${average(loadEnd)} at the end`],
    ["Memory", formatBytes(memoryBytes)],
    ["System", escapeMarkup(os)],
    ...(gpu ? [["GPU", escapeMarkup(gpu)]] : []),
    ["Software", software(environment)],
  ];
}

/** Governor, turbo, SMT, quota, pinning: what is known of them. */
function stateOf({ governor, turbo, smt, cpuQuota, pinned }: Environment): string[] {
  const isOn = (name: string, value: boolean | null | undefined) =>
    typeof value === "boolean" ? [`${name} ${value ? "on" : "off"}`] : [];
  return [
    ...(governor ? [`governor ${governor}`] : []),
    ...isOn("turbo", turbo),
    ...isOn("SMT", smt),
    ...(typeof cpuQuota === "number" ? [`quota of ${cpuQuota} cores`] : []),
    ...(pinned ? [`worker threads pinned to CPU ${pinned.join(", ")}`] : []),
  ];
}

function software(environment: Environment): string {
  const { layerfuse, deno, node, onnxruntime } = environment;
  return [
    ...(layerfuse ? [`layerfuse ${escapeMarkup(layerfuse)}`] : []),
    deno ? `Deno ${escapeMarkup(deno)}` : `Node ${escapeMarkup(node ?? "")}`,
    `ONNX Runtime ${escapeMarkup(onnxruntime)}`,
  ].join(", ");
}

function runRows({ seed, commit, git, commandLine, notebook }: Environment): string[][] {
  const repository = git &&
    `${htmlName(git.commit)} of ${htmlName(git.name)}, the ${
        git.of === "model" ? "first model’s" : "working directory’s"
      } ` +
      `repository${git.isDirty ? ", with changes that are not committed" : ""}`;
  return [
    ["Seed", String(seed)],
    ...(repository ? [["Git commit", repository]] : commit ? [["Git commit", htmlName(commit)]] : []),
    ...(commandLine?.length ? [["Command line", htmlName(cleanText(commandLine.map(quoted).join(" ")))]] : []),
    ...(typeof notebook === "string"
      ? [["Measured in", notebook === "" ? "a notebook" : htmlName(cleanText(notebook))]]
      : []),
  ];
}

/** An argument as a shell takes it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** An ISO 8601 time to the minute: `2026-01-15 09:30 UTC`; anything else as it is. */
function minute(date: string): string {
  const time = new Date(date);
  return Number.isNaN(time.getTime()) ? date : `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
