/**
 * 32 bits of an idempotency key (sender, client's message id), kept for every message ever stored: a conversation's
 * hashes tell a fresh key from a repeat without reading a message, and a match is always compared with the message
 * itself. FNV-1a over the UTF-16 units with the murmur3 finaliser, seeded with a secret of the store, so that nobody
 * can choose ids that meet. The value is part of the format of runs.
 */
export function idHash(seed: number, sender: string, id: string): number {
  let hash = seed | 0
  for (let i = 0; i < sender.length; i++) hash = Math.imul(hash ^ sender.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ 0x10000, 0x01000193)
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
