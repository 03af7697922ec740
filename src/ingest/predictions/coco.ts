/** COCO's annotations and results (https://cocodataset.org/#format-data): boxes only, masks are not read. */
import { z } from "zod";
import type { Detections, FoundBox, JudgedImage, TrueBox } from "../../model/detection.ts";
import type { Rejected } from "./rejected.ts";

const Id = z.union([z.number(), z.string()]);
const BoxOfFile = z.tuple([z.number(), z.number(), z.number(), z.number()]);

const Annotations = z.object({
  images: z.array(z.looseObject({ id: Id, width: z.number().optional(), height: z.number().optional() })),
  annotations: z.array(z.unknown()),
  categories: z.array(z.looseObject({ id: Id, name: z.string().optional() })),
});

const Annotation = z.object({
  image_id: Id,
  category_id: Id,
  bbox: BoxOfFile,
  area: z.number().optional(),
  iscrowd: z.union([z.number(), z.boolean()]).optional(),
});

const Result = z.object({ image_id: Id, category_id: Id, bbox: BoxOfFile, score: z.number() });

export interface CocoReading {
  readonly detections: Detections;
  readonly rejectedAnnotations: readonly Rejected[];
  readonly rejectedResults: readonly Rejected[];
}

/** Undefined where the first document holds no annotations, or the second no list. Images go by id, as in pycocotools. */
export function readCoco(annotations: unknown, results: unknown): CocoReading | undefined {
  const document = Annotations.safeParse(annotations);
  if (!document.success || !Array.isArray(results)) return undefined;
  const { images, categories } = document.data;
  const nameOf = new Map(categories.map(({ id, name }) => [String(id), name ?? String(id)]));
  const names = distinct([...nameOf.values()]) ? nameOf : new Map([...nameOf.keys()].map((id) => [id, id]));
  const truth = new Map<string, TrueBox[]>(images.map(({ id }) => [String(id), []]));
  const found = new Map<string, FoundBox[]>(images.map(({ id }) => [String(id), []]));
  const rejectedAnnotations = sortOut(document.data.annotations, (entry) => {
    const read = Annotation.safeParse(entry);
    if (!read.success) return "no image_id, category_id or bbox of four numbers";
    const { image_id: image, category_id: category, bbox, area, iscrowd } = read.data;

    const isCrowd = iscrowd === true || iscrowd === 1;
    return place({ into: truth, names, image, category }, (name) => ({
      box: bbox,
      category: name,
      area: area ?? bbox[2] * bbox[3],
      isCrowd,
    }));
  });
  const rejectedResults = sortOut(results, (entry) => {
    const read = Result.safeParse(entry);
    if (!read.success) return "no image_id, category_id, score or bbox of four numbers";
    const { image_id: image, category_id: category, bbox, score } = read.data;

    return place({ into: found, names, image, category }, (name) => ({
      box: bbox,
      category: name,
      score,
    }));
  });
  const units = images
    .toSorted((a, b) => (typeof a.id === "number" && typeof b.id === "number" ? a.id - b.id : 0))
    .map(({ id, width, height }): JudgedImage => ({
      id: String(id),
      group: null,
      attributes: new Map(
        Object.entries({ width, height }).filter((entry): entry is [string, number] => entry[1] !== undefined),
      ),
      truth: truth.get(String(id)) ?? [],
      found: found.get(String(id)) ?? [],
    }));
  return { detections: { units, categories: [...names.values()] }, rejectedAnnotations, rejectedResults };
}

const distinct = (names: readonly string[]): boolean => new Set(names).size === names.length;

interface Target<T> {
  readonly into: ReadonlyMap<string, T[]>;
  readonly names: ReadonlyMap<string, string>;
  readonly image: string | number;
  readonly category: string | number;
}

/** Why it cannot be placed; undefined where it was. */
function place<T>({ into, names, image, category }: Target<T>, of: (name: string) => T): string | undefined {
  const list = into.get(String(image));
  const name = names.get(String(category));
  if (list === undefined) return `image ${image} is not annotated`;
  if (name === undefined) return `category ${category} is not among the categories`;
  list.push(of(name));
  return undefined;
}

function sortOut(entries: readonly unknown[], read: (entry: unknown) => string | undefined): readonly Rejected[] {
  return entries.flatMap((entry, index): Rejected[] => {
    const reason = read(entry);
    return reason === undefined ? [] : [{ place: index + 1, reason }];
  });
}
