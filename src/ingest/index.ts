/** The intake's public entry: formats, the console decoder of a live process, settings from a command. */
export { configFromCommand } from "./command.ts";
export { ConsoleDecoder } from "./console-decoder.ts";
export { console as consoleFormat } from "./formats/console.ts";
export { formats, refusalOf, sniffFormat } from "./formats/index.ts";
export type { Decoder, DecoderContext, Format } from "./format.ts";
export { mergeDecoded } from "./merge.ts";
export { isSecret, maskSecret } from "./secret.ts";
export { ExamplesReader, rolesFrom, type ReadExamples } from "./predictions/examples.ts";
export { mixedForms } from "./predictions/mixed-forms.ts";
export { joinReferences } from "./predictions/join-references.ts";
