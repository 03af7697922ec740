import type { Ink } from "./palette.ts";

/** What curves are drawn with: a canvas on the page, or SVG text for export. All in pixels of the target. */
export interface Pen {
  /** A line through the points; NaN in `y` lifts the pen. */
  line(x: readonly number[], y: readonly number[], style: LineStyle): void;
  dots(x: readonly number[], y: readonly number[], radius: number, colour: string): void;
  ring(x: number, y: number, radius: number, colour: string): void;
  /** A small symbol centred on the point. */
  symbol(kind: "cross" | "up" | "down", x: number, y: number, size: number, colour: string): void;
  text(x: number, y: number, text: string, style: TextStyle): void;
}

export interface LineStyle extends Ink {
  readonly width: number;
  readonly alpha: number;
}

export interface TextStyle {
  readonly colour: string;
  readonly size: number;
  readonly align: "start" | "center" | "end";
}

export function canvasPen(context: CanvasRenderingContext2D, ratio: number): Pen {
  return {
    line(x, y, { colour, dash, width, alpha }) {
      context.save();
      context.globalAlpha = alpha;
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.lineJoin = "round";
      context.setLineDash(dash.map((d) => d * ratio));
      context.beginPath();
      let down = false;
      for (let i = 0; i < x.length; i += 1) {
        const [px = 0, py = Number.NaN] = [x[i], y[i]];
        if (Number.isNaN(py)) down = false;
        else if (down) context.lineTo(px, py);
        else {
          context.moveTo(px, py);
          down = true;
        }
      }
      context.stroke();
      context.restore();
    },
    dots(x, y, radius, colour) {
      context.fillStyle = colour;
      for (let i = 0; i < x.length; i += 1) {
        const [px = 0, py = Number.NaN] = [x[i], y[i]];
        if (Number.isNaN(py)) continue;
        context.beginPath();
        context.arc(px, py, radius * ratio, 0, 2 * Math.PI);
        context.fill();
      }
    },
    ring(x, y, radius, colour) {
      context.strokeStyle = colour;
      context.lineWidth = 2 * ratio;
      context.beginPath();
      context.arc(x, y, radius * ratio, 0, 2 * Math.PI);
      context.stroke();
    },
    symbol(kind, x, y, size, colour) {
      context.save();
      context.strokeStyle = colour;
      context.fillStyle = colour;
      context.lineWidth = 1.75 * ratio;
      context.beginPath();
      for (const stroke of shape(kind, x, y, size * ratio)) {
        stroke.forEach(([px, py], i) => (i === 0 ? context.moveTo(px, py) : context.lineTo(px, py)));
      }
      if (kind === "cross") context.stroke();
      else context.fill();
      context.restore();
    },
    text(x, y, text, { colour, size, align }) {
      context.fillStyle = colour;
      context.font = `${size * ratio}px ${getComputedStyle(context.canvas).fontFamily}`;
      context.textAlign = align;
      context.textBaseline = "middle";
      context.fillText(text, x, y);
    },
  };
}

export interface SvgPen extends Pen {
  /** Everything drawn so far. */
  readonly parts: readonly string[];
}

export function svgPen(): SvgPen {
  const parts: string[] = [];
  const n = (value: number): string => String(Math.round(value * 100) / 100);
  return {
    parts,
    line(x, y, { colour, dash, width, alpha }) {
      let path = "";
      let down = false;
      for (let i = 0; i < x.length; i += 1) {
        const [px = 0, py = Number.NaN] = [x[i], y[i]];
        if (Number.isNaN(py)) down = false;
        else {
          path += `${down ? "L" : "M"}${n(px)} ${n(py)}`;
          down = true;
        }
      }
      if (path === "") return;
      const dashes = dash.length === 0 ? "" : ` stroke-dasharray="${dash.join(" ")}"`;
      parts.push(
        `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-opacity="${alpha}" stroke-linejoin="round"${dashes}/>`,
      );
    },
    dots(x, y, radius, colour) {
      x.forEach((px, i) => {
        const py = y[i] ?? Number.NaN;
        if (!Number.isNaN(py)) parts.push(`<circle cx="${n(px)}" cy="${n(py)}" r="${radius}" fill="${colour}"/>`);
      });
    },
    ring(x, y, radius, colour) {
      parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${radius}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    },
    symbol(kind, x, y, size, colour) {
      const path = shape(kind, x, y, size)
        .map((stroke) => stroke.map(([px, py], i) => `${i === 0 ? "M" : "L"}${n(px)} ${n(py)}`).join(""))
        .join("");
      const paint = kind === "cross" ? `fill="none" stroke="${colour}" stroke-width="1.75"` : `fill="${colour}"`;
      parts.push(`<path d="${path}" ${paint}/>`);
    },
    text(x, y, text, { colour, size, align }) {
      const anchor = align === "center" ? "middle" : align;
      parts.push(
        `<text x="${n(x)}" y="${n(y)}" fill="${colour}" font-size="${size}" text-anchor="${anchor}" dominant-baseline="middle">${escapeXml(text)}</text>`,
      );
    },
  };
}

export const escapeXml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    // Control characters are not allowed in XML at all.
    .replaceAll(/\p{Cc}/gu, " ");

function shape(kind: "cross" | "up" | "down", x: number, y: number, size: number): [number, number][][] {
  const r = size / 2;
  if (kind === "cross")
    return [
      [
        [x - r, y - r],
        [x + r, y + r],
      ],
      [
        [x - r, y + r],
        [x + r, y - r],
      ],
    ];
  const tip = kind === "up" ? -r : r;
  return [
    [
      [x - r, y - tip],
      [x, y + tip],
      [x + r, y - tip],
    ],
  ];
}
