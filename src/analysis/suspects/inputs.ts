import type { Clue } from "../causes.ts";
import { inputChange } from "../facts/inputs.ts";
import type { Setup } from "../facts/setup.ts";
import { say } from "../numbers.ts";

/** Inputs that scatter this many times more or less than before are data of another kind. */
const otherScale = 4;

/** Whether the inputs were of the size that layers and learning rates are made for. */
export function unscaledInput({ inputs }: Setup): Clue[] {
  if (inputs === null) return [];
  const { mean, std, absMax } = inputs.first;
  return [
    {
      present: !inputs.isScaled,
      for: `the inputs are not normalised: mean ${say(mean)}, standard deviation ${say(std)}, up to ${say(absMax)}`,
      against: "the inputs are normalised",
      weight: inputs.isScaled ? 2 : 10,
    },
  ];
}

/** Whether the inputs became others at this step. */
export function changedInput({ inputs }: Setup, step: number): Clue[] {
  if (inputs === null) return [];
  const change = inputChange(inputs, step);
  return [
    {
      present: Number.isNaN(change) ? null : change >= otherScale,
      for: `from here on the inputs scatter ${say(change)} times otherwise than before`,
      weight: 20,
    },
  ];
}
