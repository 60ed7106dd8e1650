/**
 * What `JSON.parse` can give, and nothing else. The compiler takes objects whose type is a `type` or was inferred, and refuses
 * those of an `interface`, which has no index signature: hand over a copy, `{ ...it }`.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
