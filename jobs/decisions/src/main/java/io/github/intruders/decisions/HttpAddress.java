package io.github.intruders.decisions;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.Set;

/** Addresses of servers as people write them. */
final class HttpAddress {
  private static final Set<String> SCHEMES = Set.of("http", "https");
  private static final int LAST_PORT = 65535;

  private HttpAddress() {}

  /** The address as a URI; empty if no server can be asked by it. */
  static Optional<URI> parse(String address) {
    try {
      URI uri = new URI(address);
      return uri.getHost() != null
              && uri.getScheme() != null
              && SCHEMES.contains(uri.getScheme())
              && uri.getPort() <= LAST_PORT
          ? Optional.of(uri)
          : Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }
}
