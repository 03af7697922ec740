import { decodeUtf8, replacement } from "./utf8.ts";

const magics: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["a gzip archive", [0x1f, 0x8b]],
  ["a zip archive (a PyTorch checkpoint is one)", [0x50, 0x4b, 0x03, 0x04]],
  ["a Zstandard archive", [0x28, 0xb5, 0x2f, 0xfd]],
  ["an xz archive", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["a Parquet file", [0x50, 0x41, 0x52, 0x31]],
  ["an SQLite database", [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
  ["a JPEG image", [0xff, 0xd8, 0xff]],
  ["a PDF document", [0x25, 0x50, 0x44, 0x46]],
  ["an ELF program", [0x7f, 0x45, 0x4c, 0x46]],
  ["a Python pickle", [0x80, 0x04, 0x95]],
  ["a Python pickle", [0x80, 0x02]],
  ["UTF-16 text (save it as UTF-8 and try again)", [0xff, 0xfe]],
  ["UTF-16 text (save it as UTF-8 and try again)", [0xfe, 0xff]],
];

/** What kind of binary file begins like this; undefined for text. */
export function binaryKind(head: Uint8Array): string | undefined {
  for (const [name, bytes] of magics) if (bytes.every((byte, i) => head[i] === byte)) return name;
  return isBinary(head) ? "a binary file" : undefined;
}

/**
 * Text has no zero bytes, few control characters and is UTF-8 for the most part. A console log may
 * hold some garbage, so a tenth of the characters may be wrong.
 */
export function isBinary(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  const sample = head.subarray(0, 4_096);
  let odd = 0;
  let zeros = 0;
  for (const byte of sample) {
    if (byte === 0) zeros += 1;
    // Tab, line ends, backspace, escape and form feed are printed by programs.
    if (byte < 32 && !(byte >= 8 && byte <= 13) && byte !== 27) odd += 1;
  }
  // A log on a file system that broke off may end in zeros; a binary file has them all over.
  if (zeros > sample.length * 0.02) return true;
  for (const char of decodeUtf8(sample)) if (char === replacement) odd += 1;
  return odd > sample.length * 0.1;
}
