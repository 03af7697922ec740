import { Fragment } from "react";
import { pieces } from "../format/breaks.ts";

/** A text whose long names break between their parts where the line is too short, and never within one. */
export const Breakable = ({ text }: { text: string }) =>
  pieces(text).map((piece, i) => (
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {piece}
    </Fragment>
  ));
