import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readTokenizer, type Tokenizer } from "../../analysis/lint/index.ts";
import { AppError, messageOf } from "../../base/errors.ts";

/** The tokenizer of a directory. Throws `unreadable-input` when a file of it is not JSON. */
export async function tokenizerIn(directory: string): Promise<Tokenizer> {
  const json = async (name: string): Promise<unknown> => {
    const path = join(directory, name);
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AppError("unreadable-input", `${path} is not JSON: ${messageOf(cause)}`, { cause });
    }
  };
  const template = await readFile(join(directory, "chat_template.jinja"), "utf8").catch(() => undefined);
  const config = await json("tokenizer_config.json");
  const tokenizer = await json("tokenizer.json");
  return readTokenizer({
    file: join(directory, config === undefined ? "tokenizer.json" : "tokenizer_config.json"),
    config,
    tokenizer,
    specialTokens: await json("special_tokens_map.json"),
    generation: await json("generation_config.json"),
    ...(template === undefined ? {} : { template }),
  });
}
