// Signs a session id for X-Session-Signature, on the website's own server. Java 11 or newer, nothing to install.
// Try it:
//   export SESSION_SIGNING_KEY=<base64, from sessionSigningKeys> SESSION_TOKEN_AUDIENCE=guest-profiles:production
//   printf %s my-session-id | java SignSession.java
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class SignSession {
    private final byte[] key;

    SignSession(String base64Key) {
        key = Base64.getDecoder().decode(base64Key);
    }

    /** The simple form: t=<unix seconds>,v1=<hex>. */
    String sign(String sessionId) throws GeneralSecurityException {
        long t = Instant.now().getEpochSecond();
        StringBuilder hex = new StringBuilder();
        for (byte b : hmac(t + "." + sessionId)) hex.append(String.format("%02x", b));
        return "t=" + t + ",v1=" + hex;
    }

    /** The same as a JSON Web Token. */
    String signToken(String sessionId, String audience) throws GeneralSecurityException {
        long iat = Instant.now().getEpochSecond();
        String claims = "{\"sub\":" + quoted(sessionId) + ",\"aud\":" + quoted(audience)
            + ",\"iat\":" + iat + ",\"exp\":" + (iat + 300) + "}";
        String header = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
        String signed = base64url(header.getBytes(UTF_8)) + "." + base64url(claims.getBytes(UTF_8));
        return signed + "." + base64url(hmac(signed));
    }

    private byte[] hmac(String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(UTF_8));
    }

    private static String base64url(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }

    /** Text as JSON. A session id has no control characters, so these two are all there is to escape. */
    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    // Your server signs the session id that it has given to this visitor itself, never one that a browser sends.
    public static void main(String[] args) throws Exception {
        String key = System.getenv("SESSION_SIGNING_KEY");
        String audience = System.getenv("SESSION_TOKEN_AUDIENCE");
        if (key == null || key.length() < 43 || audience == null) {
            System.err.println("Set SESSION_SIGNING_KEY (base64, at least 32 bytes) and SESSION_TOKEN_AUDIENCE.");
            System.exit(1);
        }
        SignSession signer = new SignSession(key);
        String sessionId = new String(System.in.readAllBytes(), UTF_8);
        System.out.println(signer.sign(sessionId));
        System.out.println(signer.signToken(sessionId, audience));
    }
}
