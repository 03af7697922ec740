import { ExamplesReader, rolesFrom, type ReadExamples } from "./examples.ts";

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

interface Given {
  readonly name?: string;
  readonly fields?: Parameters<typeof rolesFrom>[0];
  readonly attributes?: readonly string[];
  readonly mostCharacters?: number;
  readonly piece?: number;
}

/** What is read of a text, in pieces of any size. */
export function read(text: string, given: Given = {}): ReadExamples {
  const reader = new ExamplesReader({
    name: given.name ?? "predictions",
    fields: rolesFrom(given.fields ?? {}),
    attributes: given.attributes ?? null,
    mostCharacters: given.mostCharacters ?? 1e9,
  });
  const bytes = new TextEncoder().encode(text);
  const piece = given.piece ?? 65_536;
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  return reader.end();
}
