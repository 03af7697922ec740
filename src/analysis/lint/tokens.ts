import type { Row } from "./row.ts";

/** What PyTorch's cross entropy, and so every trainer, leaves out of the loss. */
export const ignored = -100;

/** English text has 4 to 5 characters a token, Chinese, Japanese and Korean about 1.5. */
const charactersPerToken = 4;
const denseCharactersPerToken = 1.5;

/** Tokens of a text, about. */
export function estimateTokens(text: string): number {
  let dense = 0;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) >= 0x2e80) dense += 1;
  return (text.length - dense) / charactersPerToken + dense / denseCharactersPerToken;
}

/** An estimate within 25% of a limit could be on either side of it: texts have up to 5 characters a token. */
export const estimateMargin = 1.25;

/** Length of a row without padding, exact when tokenised. */
export function tokensOf(row: Row): { readonly tokens: number; readonly isExact: boolean } {
  if (row.inputIds !== null) return { tokens: attended(row), isExact: true };
  const all =
    row.messages === null
      ? estimateTokens(row.prompt) + estimateTokens(row.answer)
      : row.messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
  return { tokens: all, isExact: false };
}

function attended({ inputIds, attentionMask }: Row): number {
  if (attentionMask === null || inputIds === null || attentionMask.length !== inputIds.length)
    return inputIds?.length ?? 0;
  return attentionMask.reduce((sum, bit) => sum + (bit === 0 ? 0 : 1), 0);
}
