package io.github.intruders.jobs;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** The structure that the folder tree promises, over both modules. */
@AnalyzeClasses(
    packages = ArchitectureTest.ROOT,
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  static final String ROOT = "io.github.intruders";
  private static final String JOBS = ROOT + ".jobs..";

  @ArchTest
  static final ArchRule commonKnowsNeitherJobsNorSpark =
      noClasses()
          .that()
          .resideOutsideOfPackage(JOBS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(JOBS, "org.apache.spark..", "scala..");

  @ArchTest
  static final ArchRule onlyLinalgTouchesTheNativeBinding =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + ".linalg..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.bytedeco..");

  @ArchTest
  static final ArchRule hadoopIsReachedThroughStorage =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              ROOT + ".checkpoint.hadoop", ROOT + ".jobs.session", ROOT + ".jobs.commit")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.hadoop..");

  /** Elsewhere tables are Spark's. */
  @ArchTest
  static final ArchRule parquetIsReadByShowAlone =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + ".jobs.show")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.parquet..");

  @ArchTest
  static final ArchRule icebergIsReachedByCatalogTablesAlone =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + ".jobs.table")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.iceberg..");

  /** What decides between Parquet and a catalog must load where the Iceberg runtime is missing. */
  @ArchTest
  static final ArchRule whatIsLoadedWithoutACatalogNeedsNoIceberg =
      noClasses()
          .that()
          .haveSimpleName("Tables")
          .or()
          .haveSimpleName("CatalogSettings")
          .or()
          .haveSimpleName("ParquetTables")
          .or()
          .haveSimpleName("TableWriter")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.iceberg..");

  @ArchTest
  static final ArchRule theScienceDependsOnlyLeftwardsAlongItsFlow =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("input")
          .definedBy(ROOT + ".input")
          .layer("linalg")
          .definedBy(ROOT + ".linalg")
          .layer("checkpoint")
          .definedBy(ROOT + ".checkpoint..")
          .layer("adapter")
          .definedBy(ROOT + ".adapter")
          .layer("manifest")
          .definedBy(ROOT + ".manifest")
          .layer("plan")
          .definedBy(ROOT + ".plan")
          .layer("spectra")
          .definedBy(ROOT + ".spectra")
          .layer("scan")
          .definedBy(ROOT + ".scan")
          .layer("cost")
          .definedBy(ROOT + ".cost")
          .layer("bench")
          .definedBy(ROOT + ".bench")
          .layer("accumulation")
          .definedBy(ROOT + ".accumulation")
          .layer("forgetting")
          .definedBy(ROOT + ".forgetting")
          .layer("mitigation")
          .definedBy(ROOT + ".mitigation")
          .layer("jobs")
          .definedBy(JOBS)
          .whereLayer("forgetting")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("accumulation")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("mitigation")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("cost")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("bench")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("scan")
          .mayOnlyBeAccessedByLayers("cost", "bench", "accumulation", "mitigation", "jobs")
          .whereLayer("spectra")
          .mayOnlyBeAccessedByLayers("scan", "cost", "bench", "mitigation", "jobs")
          .whereLayer("plan")
          .mayOnlyBeAccessedByLayers("scan", "cost", "mitigation", "jobs")
          .whereLayer("manifest")
          .mayOnlyBeAccessedByLayers("plan", "forgetting", "jobs")
          .whereLayer("adapter")
          .mayOnlyBeAccessedByLayers("plan", "scan", "mitigation", "jobs")
          .whereLayer("checkpoint")
          .mayOnlyBeAccessedByLayers(
              "adapter", "plan", "spectra", "scan", "cost", "forgetting", "mitigation", "jobs")
          .whereLayer("linalg")
          .mayOnlyBeAccessedByLayers(
              "checkpoint",
              "adapter",
              "spectra",
              "scan",
              "cost",
              "bench",
              "accumulation",
              "mitigation",
              "jobs");

  @ArchTest
  static final ArchRule packagesFormNoCycles =
      slices().matching(ROOT + ".(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule stagesMeetOnlyInTables =
      slices()
          .matching(ROOT + ".jobs.(plan|spectra|scan|accumulation|forgetting|mitigation|report)..")
          .should()
          .notDependOnEachOther();

  @ArchTest
  static final ArchRule onlyTheEntryPointEndsTheProcess =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName(ROOT + ".jobs.cli.Main")
          .should()
          .callMethod(System.class, "exit", int.class);

  @ArchTest
  static final ArchRule noSessionIsStatic =
      noFields().that().haveRawType(SparkSession.class).should().haveModifier(JavaModifier.STATIC);

  @ArchTest
  static final ArchRule noFieldIsOptional = noFields().should().haveRawType(Optional.class);

  @ArchTest
  static final ArchRule noClassIsADrawer =
      noClasses().should().haveNameMatching(".*(Utils?|Helpers?|Managers?|Commons?)(\\$.*)?");

  @ArchTest
  static final ArchRule publicTypesOfTheScienceAreNotForExtension =
      classes()
          .that()
          .resideOutsideOfPackage(JOBS)
          .and()
          .arePublic()
          .and()
          .areTopLevelClasses()
          .should()
          .haveModifier(JavaModifier.FINAL) // as records are
          .orShould()
          .beInterfaces()
          .orShould()
          .beEnums();
}
