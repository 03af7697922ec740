import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError, messageOf } from "../base/errors.ts";

const tooLarge = (limit: number): AppError =>
  new AppError(
    "too-large",
    `The body is larger than the ${Math.round(limit / 1024 / 1024)} MiB accepted here (after decompression). Send smaller batches.`,
  );

/** The whole body, decompressed. Stops at `limit` bytes of output, so that a small bomb never becomes a large one. */
export async function readBody(payload: Readable, encoding: string | undefined, limit: number): Promise<Buffer> {
  switch ((encoding ?? "identity").trim().toLowerCase()) {
    case "":
    case "identity":
      return collect(payload, limit);
    case "gzip":
    case "x-gzip": {
      const gunzip = createGunzip();
      payload.once("error", (error) => gunzip.destroy(error));
      try {
        return await collect(payload.pipe(gunzip), limit);
      } catch (thrown) {
        if (thrown instanceof AppError) throw thrown;
        throw new AppError("bad-request", `The body is not valid gzip: ${messageOf(thrown)}`, { cause: thrown });
      } finally {
        payload.unpipe(gunzip);
        gunzip.destroy();
      }
    }
    default:
      throw new AppError(
        "unsupported-media-type",
        `Content-Encoding ${JSON.stringify(encoding)} is not accepted. Send gzip, or no encoding.`,
      );
  }
}

async function collect(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed when it is too large: the refusal still has to be sent on the same socket.
  const pieces: AsyncIterable<Buffer> = stream.iterator({ destroyOnReturn: false });
  for await (const bytes of pieces) {
    length += bytes.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(bytes);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
}
