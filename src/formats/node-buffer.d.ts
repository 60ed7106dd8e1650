/** Methods that every Buffer has and that the type packages leave out: one encoding each, no argument parsing. */
interface Buffer {
  utf8Write(text: string, offset: number, length?: number): number
  utf8Slice(start: number, end: number): string
  base64urlWrite(text: string, offset: number, length?: number): number
  base64urlSlice(start: number, end: number): string
  latin1Slice(start?: number, end?: number): string
  latin1Write(text: string, offset: number, length?: number): number
}
