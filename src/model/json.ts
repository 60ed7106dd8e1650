/** What `JSON.parse` can give, and nothing else. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
