// Opens each key file of the list on standard input and signs with it, as the
// page does; scripts_test.go judges what comes out.
import { webcrypto } from "node:crypto";
import { text } from "node:stream/consumers";

globalThis.crypto ??= webcrypto; // Node 18
const { openKeyFile } = await import("../static/scripts/keyfile.js");
const { signDetached } = await import("../static/scripts/cades.js");
const { unfit } = await import("../static/scripts/fitness.js");

const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const { content, at, files } = JSON.parse(await text(process.stdin));
const answers = [];
for (const { file, password } of files) {
  try {
    const [entry] = await openKeyFile(bytes(file), password);
    const signature = await signDetached(bytes(content), entry, new Date(at));
    answers.push({
      name: entry.subject.name, snils: entry.subject.snils, bits: entry.bits, exportable: entry.key.extractable,
      unfit: unfit(entry, { now: new Date(at) })?.[0] ?? "", signature: Buffer.from(signature).toString("base64"),
    });
  } catch (error) {
    answers.push({ code: error.code ?? String(error.stack) });
  }
}
process.stdout.write(JSON.stringify(answers));
