// The token check and the edge's own errors. Measured on njs 0.7.9: all of this file runs anew in each request, so nothing
// is decoded or kept here; reading a key takes 0.17 ms and checking a signature 0.12 ms, all else together 0.05 ms; a
// thrown exception costs 0.3 ms, so the good path throws none.
import hashes from 'crypto';
import keys from 'keys.js';

const ALGORITHM = {name: 'ECDSA', namedCurve: 'P-256'};
const VERIFY = {name: 'ECDSA', hash: 'SHA-256'};
const LONGEST_TOKEN = 4096;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * For auth_request, of who is no guest: 204 lets the request pass, 401 refuses it, 403 means that nothing is known about
 * its session.
 */
async function check(r) {
    const given = r.variables.bearer;
    // Of two such headers NGINX itself makes a bad request.
    const token = read(given);
    if (token === null || !await is_signed(r, token, given)) {
        return refuse(r, 401, 'token_not_valid');
    }
    const session = await r.subrequest('/_session/' + token.claims.sid, {method: 'GET'});
    if (session.status === 204) {
        r.variables.edge_user = token.claims.sub;
        return r.return(204);
    }
    if (session.status === 403) {
        return refuse(r, 401, 'session_ended');
    }
    return refuse(r, 403, 'unavailable');
}

function refuse(r, status, reason) {
    r.variables.edge_reason = reason;
    r.return(status);
}

/** `Bearer <token>` whose type, audience, issuer and times hold; null otherwise. Its signature is still to be checked. */
function read(given) {
    if (!/^bearer /i.test(given) || given.length > LONGEST_TOKEN) {
        return null;
    }
    const parts = given.slice(7).split('.');
    const header = parts.length === 3 ? json(parts[0]) : null;
    if (header === null || header.alg !== 'ES256' || header.typ !== 'at+jwt' || typeof header.kid !== 'string'
        || header.crit !== undefined || !Object.prototype.hasOwnProperty.call(keys.public_keys, header.kid)) {
        return null;
    }
    const claims = json(parts[1]);
    return claims !== null && hold(claims, Date.now() / 1000)
        ? {claims: claims, key: keys.public_keys[header.kid], text: parts[0] + '.' + parts[1], signature: parts[2]} : null;
}

/**
 * That this key signed this token stays true, so the answer is kept: under a hash of both, so that no token is on disk and
 * a removed key takes its answers with it. Whatever is no answer (the server inside is away or has other keys) is worked
 * out here.
 */
async function is_signed(r, token, given) {
    const hash = hashes.createHash('sha256').update(token.key).update(given).digest('hex');
    const kept = await r.subrequest('/_signed/' + hash, {method: 'GET'});
    return kept.status === 204 || (kept.status !== 401 && signed(token));
}

/** Of the server inside, whose 204 is kept. */
async function verify(r) {
    const token = read(r.headersIn.Authorization || '');
    if (token === null) {
        return r.return(404);
    }
    const holds = await signed(token);
    r.return(holds ? 204 : 401);
}

async function signed(token) {
    const signature = Buffer.from(token.signature, 'base64url');
    if (signature.length !== 64 || signature.toString('base64url') !== token.signature) {
        return false;
    }
    const key = await crypto.subtle.importKey('spki', Buffer.from(token.key, 'base64'), ALGORITHM, false, ['verify']);
    return crypto.subtle.verify(VERIFY, key, signature, Buffer.from(token.text));
}

function hold(claims, now) {
    return claims.iss === keys.issuer && claims.aud === keys.audience
        && typeof claims.exp === 'number' && claims.exp > now
        && (claims.nbf === undefined || (typeof claims.nbf === 'number' && claims.nbf <= now + 1))
        && typeof claims.sub === 'string' && UUID.test(claims.sub)
        && typeof claims.sid === 'string' && UUID.test(claims.sid);
}

function json(part) {
    try {
        const value = JSON.parse(Buffer.from(part, 'base64url').toString());
        return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
    } catch (e) {
        return null;
    }
}

/** Code, title, and another status where NGINX's own says too much or too little. */
const PROBLEMS = {
    400: ['bad_request', 'The request cannot be read'],
    401: ['token_not_valid', 'The token is not valid'],
    403: ['not_found', 'Not found', 404],
    404: ['not_found', 'Not found'],
    405: ['method_not_allowed', 'Not for this method'],
    408: ['bad_request', 'The request came too slowly'],
    413: ['too_large', 'The body is too large'],
    414: ['bad_request', 'The address is too long'],
    431: ['bad_request', 'The headers are too large'],
    429: ['too_many_requests', 'Too many requests'],
    502: ['unavailable', 'Temporarily not available', 503],  // what is behind the edge is nobody's business
    503: ['unavailable', 'Temporarily not available'],
    504: ['unavailable', 'Temporarily not available'],
};
const OVERLOADED = [503, 'overloaded', 'More is asked than can be answered soon'];
const REASONS = {
    session_ended: [401, 'session_ended', 'The session has ended'],
    unavailable: [503, 'unavailable', 'Temporarily not available'],
};

/** The body of an error that the edge itself answers (RFC 9457). `/_problem/<status>` names it. */
function problem(r) {
    const status = Number(r.uri.slice(-3));
    const known = PROBLEMS[status] || ['internal_error', 'Something went wrong on our side'];
    const told = is_overloaded(r, status) ? OVERLOADED
        : REASONS[r.variables.edge_reason] || [known[2] || status, known[0], known[1]];
    if (told[0] === 401 && r.variables.operators_token !== '') {
        return sign_in(r);
    }
    r.headersOut['Content-Type'] = 'application/problem+json';
    r.headersOut['Cache-Control'] = 'no-store';
    if (told[0] === 401) {
        r.headersOut['WWW-Authenticate'] = 'Bearer realm="nexus", error="invalid_token"';
    }
    if (/^TRACE /.test(r.variables.request)) {  // NGINX itself refuses it, whatever the path
        r.headersOut['Allow'] = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
    }
    if (told[0] === 429 || told[0] >= 502) {
        // So that those who were refused together do not come again together.
        r.headersOut['Retry-After'] = String(1 + Math.floor(Math.random() * 3));
    }
    r.return(told[0], JSON.stringify({
        type: keys.public_url + '/problems/' + told[1],
        title: told[2],
        status: told[0],
        detail: told[2],
        code: told[1],
        request_id: r.variables.correlation_id,
    }));
}

/** Nothing was sent to any instance: each has as many requests as it may have. Then NGINX names the upstream alone.
 *
 * Where requests in progress are counted, 429 is for those of a crowd, and they are POSTs.
 */
function is_overloaded(r, status) {
    return (status === 502 && /^[a-z_]+$/.test(r.variables.upstream_addr || ''))
        || (r.variables.limit_conn_status === 'REJECTED' && !(status === 429 && /^POST /.test(r.variables.request)));
}

/** To where operators sign in, and from there back to the page they asked for; a form that was sent is lost. */
function sign_in(r) {
    // Not r.method: whatever a request was, it arrives here as GET.
    const asked = /^(?:GET|HEAD) /.test(r.variables.request) ? r.variables.request_uri : '/admin/';
    r.headersOut['Cache-Control'] = 'no-store';
    r.return(303, '/admin/login?next=' + encodeURIComponent(asked));
}

export default {check, verify, problem};
