package io.github.intruders.checkpoint.hadoop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.AccessDeniedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words that S3A and the SDK use, as seen in their messages. */
class StorageFaultTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          S3Exception: The provided token has expired. (Status Code: 400):ExpiredToken | REFUSED | The credentials have expired: renew them
          AWSBadRequestException: getFileStatus: S3Exception: Bad Request (Status Code: 400) | REFUSED | The storage refuses the request, which credentials that have expired
          S3Exception: (Service: S3, Status Code: 403):InvalidAccessKeyId | REFUSED | The credentials are wrong
          S3Exception: (Service: S3, Status Code: 403):SignatureDoesNotMatch | REFUSED | The credentials are wrong
          NoAwsCredentialsException: No AWS Credentials provided | REFUSED | There are no credentials: set AWS_ACCESS_KEY_ID
          UnknownStoreException: Bucket does not exist: NoSuchBucket | REFUSED | There is no such bucket
          AWSRedirectException: Received permanent redirect response | REFUSED | The bucket is in another region
          AWSServiceThrottledException: Slow Down (Status Code: 503) | UNAVAILABLE | The storage asks for less
          UnknownHostException: minio | UNAVAILABLE | The storage can't be reached
          AWSApiCallTimeoutException: ApiCallTimeoutException | UNAVAILABLE | The storage failed again and again
          FSError: java.io.IOException: No space left on device | UNAVAILABLE | The disk is full: free some space
          [s3a://b/k] The storage ended 5 bytes from byte 7 on too early, 3 times | UNAVAILABLE | The storage failed again and again
          """)
  void whatTheStorageSaysBecomesWhatToDo(String said, StorageFault.Kind kind, String advice) {
    IOException fault =
        new IOException("[s3a://bucket/file] Tensor q: cannot read", new IOException(said));

    StorageFault found = StorageFault.in(new RuntimeException("Job aborted", fault)).orElseThrow();

    assertThat(found.kind()).isEqualTo(kind);
    assertThat(found.message()).startsWith(advice).contains("s3a://b").doesNotContain("\n");
  }

  @Test
  void theClassTellsWhereTheWordsDoNot() {
    assertThat(StorageFault.in(new AccessDeniedException("s3a://b/k")).orElseThrow().message())
        .startsWith("The credentials are wrong or lack a right")
        .endsWith("The storage said: s3a://b/k");
    assertThat(StorageFault.in(new ConnectException("Connection refused")).orElseThrow().kind())
        .isEqualTo(StorageFault.Kind.UNAVAILABLE);
  }

  @Test
  void otherFaultsAreNoneOfTheStorage() {
    assertThat(StorageFault.in(new IllegalStateException("a fault of ours"))).isEmpty();
  }
}
