// Signs a session id for X-Session-Signature, on the website's own server. .NET or Mono, nothing to install.
// Try it:
//   export SESSION_SIGNING_KEY=<base64, from sessionSigningKeys> SESSION_TOKEN_AUDIENCE=guest-profiles:production
//   printf %s my-session-id | dotnet run SignSession.cs   (.NET 10; Mono: mcs, then mono SignSession.exe)
using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;

public static class SignSession
{
    /// <summary>The simple form: t=&lt;unix seconds&gt;,v1=&lt;hex&gt;.</summary>
    public static string Sign(string sessionId, byte[] key)
    {
        var t = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var hex = BitConverter.ToString(Hmac(t + "." + sessionId, key)).Replace("-", "").ToLowerInvariant();
        return "t=" + t + ",v1=" + hex;
    }

    /// <summary>The same as a JSON Web Token.</summary>
    public static string SignToken(string sessionId, string audience, byte[] key)
    {
        var iat = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = "{\"sub\":" + Quoted(sessionId) + ",\"aud\":" + Quoted(audience)
            + ",\"iat\":" + iat + ",\"exp\":" + (iat + 300) + "}";
        var header = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
        var signed = Base64Url(Encoding.UTF8.GetBytes(header)) + "." + Base64Url(Encoding.UTF8.GetBytes(claims));
        return signed + "." + Base64Url(Hmac(signed, key));
    }

    static byte[] Hmac(string text, byte[] key)
    {
        using (var hmac = new HMACSHA256(key)) return hmac.ComputeHash(Encoding.UTF8.GetBytes(text));
    }

    static string Base64Url(byte[] data)
    {
        return Convert.ToBase64String(data).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    /// <summary>Text as JSON. A session id has no control characters, so these two are all there is to escape.</summary>
    static string Quoted(string text)
    {
        return "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
    }

    // Your server signs the session id that it has given to this visitor itself, never one that a browser sends.
    public static int Main()
    {
        var key = Convert.FromBase64String(Environment.GetEnvironmentVariable("SESSION_SIGNING_KEY") ?? "");
        var audience = Environment.GetEnvironmentVariable("SESSION_TOKEN_AUDIENCE");
        if (key.Length < 32 || audience == null)
        {
            Console.Error.WriteLine("Set SESSION_SIGNING_KEY (base64, at least 32 bytes) and SESSION_TOKEN_AUDIENCE.");
            return 1;
        }
        var sessionId = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)).ReadToEnd();
        Console.WriteLine(Sign(sessionId, key));
        Console.WriteLine(SignToken(sessionId, audience, key));
        return 0;
    }
}
