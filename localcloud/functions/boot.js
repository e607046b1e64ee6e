// Runs one function in one Deno process: takes its orders from the standard input, which the gateway holds open for as
// long as the worker may live; the end of the input means: finish what you have, then end.
const input = Deno.stdin.readable.getReader();
const orders = new TextDecoder().decode((await input.read()).value);
const { entrypoint, announcement } = JSON.parse(orders);

const serve = Deno.serve;
let server;
Deno.serve = (...args) => {
  const options = args.find((argument) => typeof argument === "object") ?? {};
  const handler = args.find((argument) => typeof argument === "function") ?? options.handler;
  const onListen = ({ port }) => console.log(`${announcement} ${port}`);
  server = serve({ onError: options.onError, hostname: "127.0.0.1", port: 0, onListen }, handler);
  return server;
};

const background = new Set();
globalThis.EdgeRuntime = {
  waitUntil(promise) {
    const settled = Promise.resolve(promise).catch(console.error).finally(() => background.delete(settled));
    background.add(settled);
  },
};

const end = async () => {
  while (!(await input.read()).done);
  await server?.shutdown();
  await Promise.all(background);
  Deno.exit(0);
};
end();

const module = await import(entrypoint);
if (!server && typeof module.default?.fetch === "function") Deno.serve((request) => module.default.fetch(request));
setTimeout(() => {
  if (server) return;
  console.error("The function neither called Deno.serve nor exports a default object with fetch.");
  Deno.exit(1);
}, 1000);
