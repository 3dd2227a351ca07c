/** The device's end of encrypted sessions. Permission: `identity`. See docs/secure-sessions.md. */
declare module 'meshlite-session' {
    interface Link {
        /** False: wait for `ondrain`. */
        send(bytes: Uint8Array): boolean;
        sendText(text: string): boolean;
        pause(): void;
        resume(): void;
        close(why?: string): void;
        isOver(): boolean;
        ontext: ((text: string) => void) | null;
        onbinary: ((bytes: Buffer) => void) | null;
        ondrain: (() => void) | null;
        /** Once, at the end. A session does not end with its link. */
        onclose: ((why: string) => void) | null;
    }
    /** Asks for the permission and the agent's key now; throws when one is missing. */
    function open(): typeof import('meshlite-session');
    /** Whether a text frame begins an encrypted session, or goes on with one. */
    function isHello(text: string): boolean;
    /** Takes over a link. `begin` is called for a new session, not for one that goes on. */
    function accept(
        link: Link, hello: string, told: { tunnel: string; userid: string; rights: number },
        begin: (session: Link, protocol: number) => void,
    ): void;
}
