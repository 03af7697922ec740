/**
 * Bytes to text, in pieces cut anywhere, with a count of what was not UTF-8.
 *
 * `TextDecoder` is the one global that this layer uses: it is the same in Node and in browsers, but
 * belongs to neither the es2023 library nor to types that a pure layer may see, so the part that is
 * needed is declared here and nowhere else.
 */
declare const TextDecoder: new (
  encoding: "utf-8",
  options: { fatal: false; ignoreBOM: boolean },
) => {
  decode(bytes?: Uint8Array, options?: { stream: boolean }): string;
};

/** Stands where bytes were not UTF-8. */
export const replacement = "\uFFFD";

/** A streaming UTF-8 decoder: what is not UTF-8 becomes U+FFFD; a leading byte order mark is dropped. */
export class Utf8 {
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: false });

  push(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** What an unfinished last character comes to. */
  end(): string {
    return this.#decoder.decode();
  }
}

export const decodeUtf8 = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: false, ignoreBOM: false }).decode(bytes);

/** How many U+FFFD a text holds: one for each piece of its bytes that was not UTF-8. */
export function replacements(text: string): number {
  let count = 0;
  for (let at = text.indexOf(replacement); at !== -1; at = text.indexOf(replacement, at + 1)) count += 1;
  return count;
}
