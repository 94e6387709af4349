package io.github.intruders.jobs;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
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
              ROOT + ".checkpoint.hadoop", ROOT + ".jobs.session", ROOT + ".jobs.store")
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
  static final ArchRule icebergIsReachedByTheStoreAlone =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + ".jobs.store")
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
          .or()
          .haveSimpleName("TableCommit")
          .or()
          .haveSimpleName("TableReader")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.iceberg..");

  @ArchTest
  static final ArchRule theScienceDependsOnlyLeftwardsAlongItsFlow =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("input")
          .definedBy(ROOT + ".input")
          .layer("document")
          .definedBy(ROOT + ".document")
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
          .layer("fidelity")
          .definedBy(ROOT + ".fidelity")
          .layer("spectra")
          .definedBy(ROOT + ".spectra")
          .layer("krylov")
          .definedBy(ROOT + ".krylov")
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
          .layer("compare")
          .definedBy(ROOT + ".compare")
          .layer("mitigation")
          .definedBy(ROOT + ".mitigation")
          .layer("discovery")
          .definedBy(ROOT + ".discovery")
          .layer("check")
          .definedBy(ROOT + ".check")
          .layer("diff")
          .definedBy(ROOT + ".diff")
          .layer("jobs")
          .definedBy(JOBS)
          .whereLayer("discovery")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("check")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("diff")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("document")
          .mayOnlyBeAccessedByLayers("manifest", "check")
          .whereLayer("forgetting")
          .mayOnlyBeAccessedByLayers("discovery", "jobs")
          .whereLayer("compare")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("accumulation")
          .mayOnlyBeAccessedByLayers("compare", "jobs")
          .whereLayer("mitigation")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("cost")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("bench")
          .mayOnlyBeAccessedByLayers("jobs")
          .whereLayer("krylov")
          .mayOnlyBeAccessedByLayers("scan", "cost", "bench", "jobs")
          .whereLayer("scan")
          .mayOnlyBeAccessedByLayers(
              "cost", "bench", "accumulation", "compare", "mitigation", "jobs")
          .whereLayer("spectra")
          .mayOnlyBeAccessedByLayers(
              "krylov", "scan", "cost", "bench", "compare", "mitigation", "jobs")
          .whereLayer("fidelity")
          .mayOnlyBeAccessedByLayers("scan", "jobs")
          .whereLayer("plan")
          .mayOnlyBeAccessedByLayers(
              "fidelity", "scan", "cost", "compare", "mitigation", "discovery", "jobs")
          .whereLayer("manifest")
          .mayOnlyBeAccessedByLayers("plan", "forgetting", "discovery", "jobs")
          .whereLayer("adapter")
          .mayOnlyBeAccessedByLayers(
              "plan", "fidelity", "scan", "compare", "mitigation", "discovery", "jobs")
          .whereLayer("checkpoint")
          .mayOnlyBeAccessedByLayers(
              "adapter",
              "manifest",
              "plan",
              "fidelity",
              "spectra",
              "scan",
              "cost",
              "forgetting",
              "compare",
              "mitigation",
              "discovery",
              "jobs")
          .whereLayer("linalg")
          .mayOnlyBeAccessedByLayers(
              "checkpoint",
              "adapter",
              "fidelity",
              "spectra",
              "krylov",
              "scan",
              "cost",
              "bench",
              "accumulation",
              "compare",
              "mitigation",
              "jobs");

  @ArchTest
  static final ArchRule packagesFormNoCycles =
      slices().matching(ROOT + ".(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule packagesOfJobsFormNoCycles =
      slices().matching(ROOT + ".jobs.(*)..").should().beFreeOfCycles();

  /** They meet in ledger, figures, plan and context, and the pipeline alone knows them all. */
  @ArchTest
  static final ArchRule stagesDoNotKnowEachOther =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage(JOBS)
          .layer("plan")
          .definedBy(ROOT + ".jobs.plan")
          .layer("spectra")
          .definedBy(ROOT + ".jobs.spectra")
          .layer("scan")
          .definedBy(ROOT + ".jobs.scan")
          .layer("results")
          .definedBy(ROOT + ".jobs.results")
          .layer("accumulation")
          .definedBy(ROOT + ".jobs.accumulation")
          .layer("forgetting")
          .definedBy(ROOT + ".jobs.forgetting")
          .layer("compare")
          .definedBy(ROOT + ".jobs.compare")
          .layer("mitigation")
          .definedBy(ROOT + ".jobs.mitigation")
          .layer("discovery")
          .definedBy(ROOT + ".jobs.discovery")
          .layer("check")
          .definedBy(ROOT + ".jobs.check")
          .layer("report")
          .definedBy(ROOT + ".jobs.report")
          .layer("pipeline")
          .definedBy(ROOT + ".jobs.pipeline")
          .layer("cli")
          .definedBy(ROOT + ".jobs.cli")
          .whereLayer("plan")
          .mayOnlyBeAccessedByLayers("scan", "results", "compare", "mitigation", "pipeline")
          .whereLayer("spectra")
          .mayOnlyBeAccessedByLayers("pipeline", "cli")
          .whereLayer("scan")
          .mayOnlyBeAccessedByLayers("pipeline")
          .whereLayer("results")
          .mayOnlyBeAccessedByLayers("pipeline")
          .whereLayer("accumulation")
          .mayOnlyBeAccessedByLayers("pipeline")
          .whereLayer("forgetting")
          .mayOnlyBeAccessedByLayers("pipeline")
          .whereLayer("compare")
          .mayOnlyBeAccessedByLayers("pipeline", "cli")
          .whereLayer("mitigation")
          .mayOnlyBeAccessedByLayers("pipeline")
          .whereLayer("discovery")
          .mayOnlyBeAccessedByLayers("pipeline", "cli")
          .whereLayer("check")
          .mayOnlyBeAccessedByLayers("pipeline", "cli")
          .whereLayer("report")
          .mayOnlyBeAccessedByLayers("pipeline", "cli")
          .whereLayer("pipeline")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule figuresAreComputedWithoutSpark =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".jobs.figures")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "scala..");

  @ArchTest
  static final ArchRule tablesKnowRecordsAndRowsAlone =
      noClasses()
          .that()
          .resideInAPackage(ROOT + ".jobs.table")
          .should()
          .dependOnClassesThat(
              resideInAPackage(JOBS)
                  .and(
                      resideOutsideOfPackages(
                          ROOT + ".jobs.table", ROOT + ".jobs.figures", ROOT + ".jobs.ledger")))
          .orShould()
          .dependOnClassesThat(
              resideInAPackage("org.apache.spark..")
                  .and(resideOutsideOfPackages("org.apache.spark.sql.types"))
                  .and(not(nameMatching("org\\.apache\\.spark\\.sql\\.Row(Factory)?\\$?"))));

  /** Elsewhere records are worked on, which no session has to plan. */
  @ArchTest
  static final ArchRule whatIsKeptIsAskedForInFewPlaces =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              ROOT + ".jobs.store", ROOT + ".jobs.results", ROOT + ".jobs.pipeline")
          .and()
          .doNotHaveFullyQualifiedName(ROOT + ".jobs.context.RunRejects") // which rejects go
          .and()
          .doNotHaveFullyQualifiedName(ROOT + ".jobs.forgetting.ForgettingStage") // and metrics
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("org.apache.spark.sql.functions");

  @ArchTest
  static final ArchRule onlyTheEntryPointEndsTheProcess =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName(ROOT + ".jobs.cli.Main")
          .and()
          .doNotHaveFullyQualifiedName(ROOT + ".jobs.cli.Ending")
          .should()
          .callMethod(System.class, "exit", int.class);

  /** They run where Spark, Hadoop and libraries may be others, or missing. */
  @ArchTest
  static final ArchRule whatAsksForVersionsLinksToNothing =
      noClasses()
          .that()
          .haveFullyQualifiedName(ROOT + ".jobs.cli.Start")
          .or()
          .haveFullyQualifiedName(ROOT + ".jobs.cli.Requirements")
          .or()
          .haveNameMatching(".*\\.cli\\.Ending(\\$.*)?")
          .should()
          .dependOnClassesThat(
              resideOutsideOfPackages("java..")
                  .and(not(nameMatching(".*\\.cli\\.(Start|Requirements|Ending)(\\$.*)?"))));

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
