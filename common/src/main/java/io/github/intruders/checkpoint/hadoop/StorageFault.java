package io.github.intruders.checkpoint.hadoop;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Why a storage did not do what it was asked for, as its owner needs to hear it.
 *
 * @param kind who can mend it
 * @param message what to do, and what the storage said
 */
public record StorageFault(Kind kind, String message) {
  private static final int MOST_CHARACTERS = 400;

  /** Who can mend it. */
  public enum Kind {
    /** Credentials, rights or names are wrong: the user can, and nothing else helps. */
    REFUSED,
    /** The storage could not be reached, or not for long enough: a later try may do. */
    UNAVAILABLE
  }

  /** One fault, by the words that tell it; the file systems' own classes are not always there. */
  private record Sign(Kind kind, Pattern words, String advice) {
    static Sign of(Kind kind, String words, String advice) {
      return new Sign(kind, Pattern.compile(words), advice);
    }
  }

  private static final String AGAIN = "then run the same command again; what is finished is kept";

  /** The most telling first. */
  private static final List<Sign> SIGNS =
      List.of(
          Sign.of(
              Kind.REFUSED,
              "ExpiredToken|TokenRefreshRequired|InvalidToken\\b|token is expired",
              "The credentials have expired: renew them, " + AGAIN),
          Sign.of(
              Kind.REFUSED,
              "InvalidAccessKeyId|SignatureDoesNotMatch|AuthorizationHeaderMalformed",
              "The credentials are wrong: set the right key and secret, and the bucket's region"),
          Sign.of(
              Kind.REFUSED,
              "RequestTimeTooSkewed",
              "The clock of this machine is wrong: set it right, " + AGAIN),
          Sign.of(
              Kind.REFUSED,
              "NoAuthWithAWSException|NoAwsCredentialsException|No AWS Credentials"
                  + "|Unable to load credentials",
              "There are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"
                  + " fs.s3a.aws.credentials.provider"),
          Sign.of(
              Kind.REFUSED,
              "UnknownStoreException|NoSuchBucket",
              "There is no such bucket: check its name, the endpoint and the region"),
          Sign.of(
              Kind.REFUSED,
              "AWSRedirectException|PermanentRedirect",
              "The bucket is in another region: set fs.s3a.endpoint.region"),
          Sign.of(
              Kind.REFUSED,
              "java\\.nio\\.file\\.AccessDeniedException|AccessControlException",
              "The credentials are wrong or lack a right: check key, secret and region; reading needs"
                  + " s3:GetObject and s3:ListBucket, the output folder s3:PutObject,"
                  + " s3:DeleteObject and s3:AbortMultipartUpload too"),
          // An answer without a body, to a HEAD request, does not say more.
          Sign.of(
              Kind.REFUSED,
              "AWSBadRequestException",
              "The storage refuses the request, which credentials that have expired and a wrong"
                  + " region look like: renew or check them, "
                  + AGAIN),
          Sign.of(
              Kind.UNAVAILABLE,
              "AWSServiceThrottledException|SlowDown|Slow Down|Status Code: 503",
              "The storage asks for less: lower the number of executors, or wait, " + AGAIN),
          Sign.of(
              Kind.UNAVAILABLE,
              LimitedOpening.LATE,
              "The disk or network file system does not answer: check the mount, " + AGAIN),
          Sign.of(
              Kind.UNAVAILABLE,
              "UnknownHostException|ConnectException|Connection refused|NoRouteToHost"
                  + "|ConnectTimeout",
              "The storage can't be reached: check the endpoint, proxy and network, " + AGAIN),
          Sign.of(
              Kind.UNAVAILABLE,
              "SocketTimeoutException|ApiCallTimeout|ApiCallAttemptTimeout|AWSServiceIOException"
                  + "|AWSStatus500Exception|AWSClientIOException|HttpChannelEOFException"
                  + "|too early, \\d+ times",
              "The storage failed again and again: wait, " + AGAIN));

  /** The fault among an exception's causes, if a storage is to blame. */
  public static Optional<StorageFault> in(Throwable exception) {
    List<Throwable> causes = new ArrayList<>();
    for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
      causes.add(cause);
    }
    for (Sign sign : SIGNS) {
      for (int i = causes.size() - 1; i >= 0; i--) {
        if (sign.words().matcher(causes.get(i).toString()).find()) {
          return Optional.of(new StorageFault(sign.kind(), sign.advice() + ". " + said(causes, i)));
        }
      }
    }
    return Optional.empty();
  }

  /** The innermost words that name a file, from the place on where the fault was seen. */
  private static String said(List<Throwable> causes, int seen) {
    String told = causes.get(seen).toString();
    for (int i = seen; i >= 0; i--) {
      String message = String.valueOf(causes.get(i).getMessage());
      if (message.contains("://")) {
        told = message;
        break;
      }
    }
    String line = told.lines().findFirst().orElse("");
    return "The storage said: "
        + (line.length() > MOST_CHARACTERS ? line.substring(0, MOST_CHARACTERS) + " …" : line);
  }
}
