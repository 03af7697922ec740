/** Trainers read UTF-8 only: what is in another encoding is named, with its place. */
import { isUtf8 } from "node:buffer";
import { AppError } from "../../base/errors.ts";

/** Told by its mark, or by the zero byte that stands beside each ASCII letter. */
export function refuseUtf16(path: string, bytes: Uint8Array): void {
  const [first, second, third, fourth] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const isBare =
    bytes.length >= 4 &&
    ((first === 0 && third === 0 && second !== 0) || (second === 0 && fourth === 0 && first !== 0));
  if (isMarked || isBare) throw new AppError("unreadable-input", `${path} is UTF-16; save it as UTF-8.`);
}

/** Text of a whole file. Throws `unreadable-input` with the line of the first byte that is not UTF-8. */
export function utf8Text(path: string, bytes: Buffer): string {
  refuseUtf16(path, bytes);
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let line = 1;
  for (let from = 0; from < bytes.length; line += 1) {
    const end = bytes.indexOf(10, from);
    const part = bytes.subarray(from, end === -1 ? bytes.length : end);
    if (!isUtf8(part))
      throw new AppError(
        "unreadable-input",
        `${path}, line ${line} is not UTF-8 (${badByte(part)}); save the file as UTF-8.`,
      );
    from = end === -1 ? bytes.length : end + 1;
  }
  throw new AppError("unreadable-input", `${path} is not UTF-8; save it as UTF-8.`);
}

/** "byte E9": the first one that is not UTF-8. */
export function badByte(bytes: Buffer): string {
  // The longest prefix that decodes; a letter has at most four bytes.
  let [low, high] = [0, bytes.length];
  const fits = (end: number): boolean =>
    [0, 1, 2, 3].some((less) => end >= less && isUtf8(bytes.subarray(0, end - less)));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  let end = low;
  while (end > 0 && !isUtf8(bytes.subarray(0, end))) end -= 1;
  return `byte ${(bytes[end] ?? 0).toString(16).toUpperCase().padStart(2, "0")}`;
}
