/** Buffer methods that Node has but its types leave out: they skip the argument checks of `write` and `toString`. */
interface Buffer {
  utf8Write(text: string, offset: number, length?: number): number
  utf8Slice(start: number, end: number): string
}
