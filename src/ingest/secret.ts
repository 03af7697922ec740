import type { Scalar } from "../model/config.ts";

// `token` alone, or as a word's end (hf_token, hub-token, auth.token), but not tokens and tokenizer.
const secretKey =
  /(^|[^a-z])(token|pat)$|[a-z]token$|api[_-]?key|access[_-]?key|private[_-]?key|passw(or)?d|passphrase|secret|credential/i;
/** Settings that are about tokens, not secrets. */
const harmless = /(^|[^a-z])(pad|bos|eos|eot|unk|mask|sep|cls|image|audio|special|max|min|num|per|add|new)[_-]?token$/i;

/** A value of a setting whose name says that it is a secret becomes `***`. */
export const maskSecret = (key: string, value: Scalar): Scalar => (isSecret(key) && value !== null ? "***" : value);

export const isSecret = (key: string): boolean => secretKey.test(key) && !harmless.test(key);
