// The API, /api/v1. Tokens are kept in this module's memory alone: never in storage, a cookie or a URL. A reload forgets them.

/** What the server refused or could not do. `problem` has title, detail and status; status is 0 where no answer came. */
export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail || problem.title);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

const answerWithin = 30_000; // milliseconds; the server itself gives up before
const changeWithin = 630_000; // what a person enters may multiply millions of bars

/**
 * Makes the access to the API. `askToken(name, why)` asks a person for the token of that name and resolves to it, or to null.
 */
export function makeApi(askToken) {
  const tokens = { API_READ_TOKEN: null, API_TOKEN: null };
  const asking = new Map(); // by the token's name, so that many requests ask once
  const declined = new Set();

  function ask(name, why) {
    if (!asking.has(name)) {
      asking.set(
        name,
        askToken(name, why)
          .then((token) => {
            tokens[name] = token;
            if (token === null) declined.add(name);
            return token;
          })
          .finally(() => asking.delete(name)),
      );
    }
    return asking.get(name);
  }

  async function send(method, path, { query, body, signal, within } = {}) {
    const reads = method === 'GET';
    const name = reads ? 'API_READ_TOKEN' : 'API_TOKEN';
    for (;;) {
      const token = reads ? (tokens.API_READ_TOKEN ?? tokens.API_TOKEN) : tokens.API_TOKEN;
      const response = await answerOf(method, path, { query, body, signal, token, within });
      if (response.status !== 401) return response;
      const problem = await problemOf(response);
      const wrong = problem.type?.endsWith('token-wrong');
      // Another request may have been given the token meanwhile.
      if (token !== (reads ? (tokens.API_READ_TOKEN ?? tokens.API_TOKEN) : tokens.API_TOKEN)) continue;
      if (wrong)
        Object.keys(tokens).forEach((key) => {
          if (tokens[key] === token) tokens[key] = null;
        });
      problem.token = name;
      if (reads && declined.has(name)) throw new ApiError(problem);
      if ((await ask(name, wrong ? `That was not the ${name} of this Barkeep.` : '')) === null) throw new ApiError(problem);
    }
  }

  async function json(method, path, options) {
    const response = await send(method, path, options);
    if (!response.ok) throw new ApiError(await problemOf(response));
    try {
      return await response.json();
    } catch (error) {
      throw broken(error, options?.signal);
    }
  }

  return {
    /** Reads a path such as /api/v1/slots; query is an object whose values are texts, numbers or lists. */
    get: (path, options) => json('GET', path, options),
    /** Changes something; asks for the API_TOKEN once. */
    post: (path, body, options) => json('POST', path, { within: changeWithin, ...options, body }),
    delete: (path, options) => json('DELETE', path, { within: changeWithin, ...options }),
    /** The answer itself, to read it as it comes. */
    stream: async (path, options) => {
      const response = await send('GET', path, { within: null, ...options });
      if (!response.ok) throw new ApiError(await problemOf(response));
      return response;
    },
    /** Whether a person was asked for the token to read, and gave none. */
    isLocked: () => declined.has('API_READ_TOKEN'),
    /** Lets the next request ask for the token again. */
    unlock: () => declined.clear(),
  };
}

async function answerOf(method, path, { query, body, signal, token, within = answerWithin }) {
  const url = new URL(path, location.origin);
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(key, String(value));
  }
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const signals = [signal, within && AbortSignal.timeout(within)].filter(Boolean);
  try {
    return await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'omit',
      redirect: 'error',
      signal: signals.length ? AbortSignal.any(signals) : undefined,
    });
  } catch (error) {
    throw broken(error, signal);
  }
}

// An abort that was asked for stays one; anything else is an answer that did not come.
function broken(error, signal) {
  if (signal?.aborted) return error;
  const late = error.name === 'TimeoutError';
  return new ApiError({
    status: 0,
    title: 'No answer',
    detail: late ? 'Barkeep did not answer in time.' : `Barkeep at ${location.host} does not answer. Is it running?`,
  });
}

async function problemOf(response) {
  try {
    return { ...(await response.json()), status: response.status };
  } catch {
    return { status: response.status, title: response.statusText || `Status ${response.status}`, detail: '' };
  }
}

/** What happened, in words and what to do about it. */
export function explain(error) {
  const problem = error.problem;
  if (!problem) return `The page itself has a fault: ${error.message}`;
  const slug = (problem.type ?? '').split(/[/:]/).at(-1);
  if (slug === 'no-token') {
    return (
      'This Barkeep changes nothing over HTTP, since it has no API_TOKEN. Set API_TOKEN (in .env or the environment) to a ' +
      'long random text, restart it, and try again.'
    );
  }
  if (problem.status === 401) return `Nothing was done: Barkeep asks for its ${problem.token ?? 'token'}, and got none that is right.`;
  const refused = (problem.invalid ?? []).map((i) => `${i.parameter}: "${i.value}" is refused, accepted is ${i.accepted}`);
  const text = refused.length ? refused.join('; ') : problem.detail || problem.title; // the detail says the same in other words
  return text + (/[.!?]$/.test(text) ? '' : '.');
}
