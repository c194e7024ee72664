/**
 * A key and its own certificate for `localhost`, good until 2126: what a test's TLS server shows.
 *
 * Only for tests, which trust it by naming it as `ca`. It protects nothing.
 */
export const TLS_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZILS3/9DJfoGYPYf
bqcUk0xjsJHDKXxFNgUSZZ9drM+hRANCAAQot4CEZlOkXxQ3aK1nIfzsPy1ygXgY
Z50zKe1Z/U598gzGnHQRGV0mjHafc7CMHzpfqxOhPCuWb6+387sloKmY
-----END PRIVATE KEY-----
`;

export const TLS_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUcMv3ktK1BhGKXoMSnM0fcgMxW1QwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA2NDYwNloYDzIxMjYxMDMw
MDY0NjA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQot4CEZlOkXxQ3aK1nIfzsPy1ygXgYZ50zKe1Z/U598gzGnHQRGV0m
jHafc7CMHzpfqxOhPCuWb6+387sloKmYo2kwZzAdBgNVHQ4EFgQUlWzf9+QGe1+c
mlANB0BZVyWXQYEwHwYDVR0jBBgwFoAUlWzf9+QGe1+cmlANB0BZVyWXQYEwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgP+kWdpMXdM8pSDp5tLi8W5qNhAf1pf7Seby2aX820ZgCIBhBYTQubtdc
N0oeVF/EETnowSc63hMiMtsipf1UI9ay
-----END CERTIFICATE-----
`;
