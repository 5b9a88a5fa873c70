/** Shell commands that read the same record. */

const GRPC_PORT = 4651; // Tidings' default: the page knows the address of HTTP only

/** Return pairs of a name and a shell command, with or without a token. `seq` is a number's digits. */
export function commandsOf(seq, hasToken, origin = location) {
    const digits = String(BigInt(seq));
    // never the token itself: copied commands are stored in the shell's history
    const bearer = hasToken ? '-H "Authorization: Bearer $TIDINGS_TOKEN" ' : "";
    return [
        ["curl", `curl -s ${bearer}'${origin.origin}/v1/records/${digits}'`],
        ["grpcurl", `grpcurl -plaintext ${bearer}-d '{"seq":"${digits}"}' ${origin.hostname}:${GRPC_PORT} tidings.v1.EventService/GetRecord`],
        ["tidings", `tidings show ${digits}`],
    ];
}
