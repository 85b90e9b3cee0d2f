import { assert, assertEquals } from "@std/assert";
import { systemText, systemTexts } from "../../src/host/system_files.ts";

/** What a program with these permissions reads. */
async function readWith(permissions: string[], ...paths: string[]): Promise<Record<string, string>> {
  const script = `
    import { systemTexts } from ${JSON.stringify(import.meta.resolve("../../src/host/system_files.ts"))};
    console.log(JSON.stringify(Object.fromEntries(systemTexts(${JSON.stringify(paths)}))));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      ...permissions,
      `data:application/typescript,${encodeURIComponent(script)}`,
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

const onLinux = { ignore: Deno.build.os !== "linux" };
const STATUS = "/proc/self/status", STAT = "/proc/stat", NOWHERE = "/proc/no/such/file";

Deno.test("systemText() reads what the kernel tells, and undefined for what is not there", onLinux, () => {
  assert(/^Cpus_allowed_list:/m.test(systemText(STATUS)!));
  assertEquals(systemText(NOWHERE), undefined);
});

Deno.test(
  "systemTexts() reads the same with the permissions of the tasks, for which Deno itself reads no /proc",
  onLinux,
  async () => {
    const read = await readWith(["--allow-read", "--allow-run", "--allow-env"], STATUS, NOWHERE, STAT);
    assertEquals(Object.keys(read), [STATUS, STAT]);
    const allowed = /^Cpus_allowed_list:.*$/m;
    assertEquals(allowed.exec(read[STATUS])![0], allowed.exec(systemText(STATUS)!)![0]);
    assert(/^cpu +\d+/.test(read[STAT]));
  },
);

Deno.test("systemTexts() without permissions tells nothing and asks for none", onLinux, async () => {
  assertEquals(await readWith(["--allow-env"], STATUS), {});
  assertEquals(await readWith(["--allow-read", "--allow-env"], STATUS), {});
  assertEquals(systemTexts([]).size, 0);
});
