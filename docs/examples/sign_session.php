<?php
// Signs a session id for X-Session-Signature, on the website's own server. PHP 7.4 or newer, nothing to install.
// Try it:
//   export SESSION_SIGNING_KEY=<base64, from sessionSigningKeys> SESSION_TOKEN_AUDIENCE=guest-profiles:production
//   printf %s my-session-id | php sign_session.php
declare(strict_types=1);

$key = base64_decode((string) getenv('SESSION_SIGNING_KEY'), true);
$audience = (string) getenv('SESSION_TOKEN_AUDIENCE');
if ($key === false || strlen($key) < 32 || $audience === '') {
    fwrite(STDERR, "Set SESSION_SIGNING_KEY (base64, at least 32 bytes) and SESSION_TOKEN_AUDIENCE.\n");
    exit(1);
}

/** The simple form: t=<unix seconds>,v1=<hex>. */
function sign_session(string $sessionId, string $key): string
{
    $t = time();
    return "t=$t,v1=" . hash_hmac('sha256', "$t.$sessionId", $key);
}

function base64url(string $data): string
{
    return rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
}

/** The same as a JSON Web Token. */
function sign_session_token(string $sessionId, string $audience, string $key): string
{
    $iat = time();
    $claims = ['sub' => $sessionId, 'aud' => $audience, 'iat' => $iat, 'exp' => $iat + 300];
    $header = ['alg' => 'HS256', 'typ' => 'JWT'];
    $signed = base64url(json_encode($header)) . '.' . base64url(json_encode($claims, JSON_THROW_ON_ERROR));
    return $signed . '.' . base64url(hash_hmac('sha256', $signed, $key, true));
}

// Your server signs the session id that it has given to this visitor itself, never one that a browser sends.
$sessionId = (string) stream_get_contents(STDIN);
echo sign_session($sessionId, $key), "\n";
echo sign_session_token($sessionId, $audience, $key), "\n";
