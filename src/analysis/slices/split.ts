/**
 * Whether an example is kept for confirming: half of them, told by a hash of its id (of its group, where examples are not
 * independent), so that the same file is always cut the same way and a rule can be tested again at any time.
 */
export function isHeldOut(key: string, seed: number): boolean {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // Murmur's last step: the low bits of the sum alone follow the last letter.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) & 1) === 1;
}
