import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Random } from "../../src/base/random.ts";

const Files = z.object({
  annotations: z.object({
    images: z.array(z.object({ id: z.number(), width: z.number(), height: z.number() })),
    annotations: z.array(
      z.object({
        id: z.number(),
        image_id: z.number(),
        category_id: z.number(),
        bbox: z.array(z.number()),
        area: z.number(),
        iscrowd: z.number(),
      }),
    ),
    categories: z.array(z.object({ id: z.number(), name: z.string() })),
  }),
  results: z.array(
    z.object({ image_id: z.number(), category_id: z.number(), bbox: z.array(z.number()), score: z.number() }),
  ),
});
type Files = z.infer<typeof Files>;

export interface DetectionCase extends Files {
  readonly name: string;
  readonly weights: readonly number[];
}

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../fixtures/evaluation/coco/${name}`, import.meta.url)), "utf8"));

export const cocoFiles: Files = Files.parse({
  annotations: fixture("annotations.json"),
  results: fixture("results.json"),
});

/**
 * Boxes of all sizes, some found well, some badly, some twice, some as another category; crowds, equal scores, images
 * without anything, a category that never occurs, and more than a hundred boxes in one image.
 */
function drawn(name: string, seed: number, count: number): DetectionCase {
  const random = new Random(seed);
  const categories = [7, 3, 11, 90].map((id) => ({ id, name: `kind ${id}` }));
  const images = Array.from({ length: count }, (_, i) => ({ id: (i * 7) % count, width: 640, height: 480 }));
  const annotations: Files["annotations"]["annotations"] = [];
  const results: Files["results"] = [];
  const kinds = [7, 3, 11];
  const between = (least: number, most: number): number => Math.round(least + random.uniform() * (most - least));
  for (const { id } of images) {
    if (random.uniform() < 0.1) continue;
    const objects = between(0, 8);
    for (let object = 0; object < objects; object += 1) {
      const [width, height] = [between(8, 180), between(8, 180)];
      const bbox = [between(0, 400), between(0, 250), width, height];
      const category = kinds[random.below(3)] ?? 7;
      const isCrowd = random.uniform() < 0.1 ? 1 : 0;
      const area = Math.round(width * height * (0.5 + random.uniform() / 2));
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id: category,
        bbox,
        area,
        iscrowd: isCrowd,
      });
      const times = random.below(isCrowd === 1 ? 5 : 3);
      for (let time = 0; time < times; time += 1) {
        const shift = random.uniform() < 0.3 ? 0 : 14;
        results.push({
          image_id: id,
          category_id: random.uniform() < 0.85 ? category : (kinds[random.below(3)] ?? 7),
          bbox: bbox.map((value) => value + between(-shift / 2, shift)),
          score: between(1, 20) / 20,
        });
      }
    }
    const strays = id === 1 ? 130 : between(0, 4);
    for (let stray = 0; stray < strays; stray += 1)
      results.push({
        image_id: id,
        category_id: stray % 2 === 0 ? 7 : 90,
        bbox: [between(0, 500), between(0, 400), between(5, 120), between(5, 120)],
        score: random.uniform(),
      });
  }
  // A part of the images: equal scores within an image that is drawn twice could stand in another order.
  const weights = images.map((_, i) => (i % 3 === 1 ? 0 : 1));
  return { name, annotations: { images, annotations, categories }, results, weights };
}

export const detectionCases: readonly DetectionCase[] = [
  { name: "COCO", ...cocoFiles, weights: cocoFiles.annotations.images.map((_, i) => (i % 3 === 1 ? 0 : 1 + (i % 2))) },
  drawn("a few images", 1, 12),
  drawn("more images", 2, 60),
  drawn("many images", 3, 150),
];
