declare module 'string_decoder' {
    export class StringDecoder {
        constructor(encoding?: string);
        readonly encoding: string;
        readonly lastChar: Uint8Array;
        readonly lastNeed: number;
        readonly lastTotal: number;
        write(chunk: string | ArrayBufferView): string;
        end(chunk?: string | ArrayBufferView): string;
        text(chunk: Uint8Array, offset: number): string;
    }
}
