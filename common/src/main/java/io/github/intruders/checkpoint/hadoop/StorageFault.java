package io.github.intruders.checkpoint.hadoop;

import io.github.intruders.input.Causes;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a storage did not do what it was asked for, as its owner needs to hear it.
 *
 * @param kind who can mend it
 * @param message what to do, and what the storage said
 */
public record StorageFault(Kind kind, String message) {
  private static final int MOST_CHARACTERS = 400;

  /** A path or a URI, at the begin of a word. */
  private static final Pattern FILE = Pattern.compile("(?:^|[\\s\\['\"(])(?:[a-z][a-z0-9]*:)?/\\S");

  /** What Spark puts before a task's words: which task it was. */
  private static final Pattern TASK =
      Pattern.compile("^.*Lost task .*?\\(TID \\d+\\) \\(.*?executor \\w+\\): ");

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

  private static final String ELSEWHERE = "another place (--out, --spectra)";

  /** The most telling first. */
  private static final List<Sign> SIGNS =
      List.of(
          Sign.of(
              Kind.UNAVAILABLE,
              "No space left on device|[Qq]uota ?[Ee]xceeded|QuotaExceededException",
              "The disk is full: free some space or name %s, %s".formatted(ELSEWHERE, AGAIN)),
          Sign.of(
              Kind.REFUSED,
              "Read-only file system|ReadOnlyFileSystemException",
              "The file system is read-only: mount it for writing, or name " + ELSEWHERE),
          Sign.of(
              Kind.REFUSED,
              "Permission denied|Operation not permitted"
                  + "|java\\.nio\\.file\\.AccessDeniedException: (?:file:)?/",
              "The user of this job lacks a right: it must be allowed to read the inputs, and to"
                  + " write where --out and --spectra are"),
          Sign.of(
              Kind.REFUSED,
              "Not a directory|ParentNotDirectoryException|is not a directory",
              "A file stands where a folder is needed: name " + ELSEWHERE),
          Sign.of(
              Kind.REFUSED,
              "Mkdirs failed to create",
              "A folder can't be made there: the file system is read-only, or the user of this job"
                  + " lacks the right; name "
                  + ELSEWHERE),
          Sign.of(
              Kind.UNAVAILABLE,
              "Too many open files",
              "This machine allows no more open files: raise its limit (ulimit -n), " + AGAIN),
          Sign.of(
              Kind.UNAVAILABLE,
              "Input/output error|Stale file handle|Transport endpoint is not connected",
              "The disk or network file system fails: check it, " + AGAIN),
          Sign.of(
              Kind.UNAVAILABLE,
              "FAILED_READ_FILE\\.FILE_NOT_EXIST",
              "Another run has replaced a table's file while it was read: run the same command"
                  + " again"),
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
    List<Throwable> causes = Causes.of(exception);
    for (Sign sign : SIGNS) {
      for (int i = causes.size() - 1; i >= 0; i--) {
        Matcher words = sign.words().matcher(causes.get(i).toString());
        if (words.find()) {
          String told = said(causes, i, words.start());
          return Optional.of(new StorageFault(sign.kind(), sign.advice() + ". " + told));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The innermost words that name a file, from the place on where the fault was seen; else those by
   * which it was seen.
   *
   * @param place of the words in the text of that cause
   */
  private static String said(List<Throwable> causes, int seen, int place) {
    String told = lineAt(causes.get(seen).toString(), place);
    for (int i = seen; i >= 0; i--) {
      Optional<String> named =
          String.valueOf(causes.get(i).getMessage())
              .lines()
              .filter(line -> FILE.matcher(line).find())
              .findFirst();
      if (named.isPresent()) {
        told = named.get();
        break;
      }
    }
    String line = TASK.matcher(told).replaceFirst("").strip();
    return "The storage said: "
        + (line.length() > MOST_CHARACTERS ? line.substring(0, MOST_CHARACTERS) + " …" : line);
  }

  private static String lineAt(String text, int place) {
    int end = text.indexOf('\n', place);
    return text.substring(text.lastIndexOf('\n', place) + 1, end < 0 ? text.length() : end);
  }
}
