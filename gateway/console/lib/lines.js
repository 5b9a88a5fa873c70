/** Yield the lines of a stream of bytes, without their ends and without empty ones. */
export async function* splitLines(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let parts = []; // of a line that has not ended: joined once, however long it is
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) break;
            const pieces = value.split("\n");
            for (const piece of pieces.slice(0, -1)) {
                parts.push(piece);
                const line = parts.join("");
                parts = [];
                if (line) yield line;
            }
            parts.push(pieces.at(-1));
        }
        const rest = parts.join("");
        if (rest) yield rest;
    } finally {
        await reader.cancel().catch(() => {}); // a stream that broke cannot be cancelled any more
    }
}
