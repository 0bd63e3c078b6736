-- Roles carry rights; login roles for services are made members of them (docs/operating.md). No service may change or
-- remove an event or a score: INSERT and SELECT, never UPDATE or DELETE.

DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['assay_ingest', 'assay_extractor', 'assay_scorer', 'assay_autoscaler', 'assay_trainer', 'assay_operator', 'analyst'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        -- Roles are the cluster's: another database of it may be migrated at this moment.
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pipeline FROM PUBLIC;
GRANT USAGE ON SCHEMA pipeline TO assay_ingest, assay_extractor, assay_scorer, assay_autoscaler, assay_operator, analyst;
GRANT SELECT, INSERT, UPDATE ON pipeline.progress, pipeline.frontier, pipeline.digest TO assay_ingest, assay_extractor, assay_scorer;
GRANT SELECT, INSERT, UPDATE, DELETE ON pipeline.replica, pipeline.snapshot TO assay_ingest, assay_extractor, assay_scorer;
GRANT SELECT, INSERT ON pipeline.incident, pipeline.genesis TO assay_ingest, assay_extractor, assay_scorer;
GRANT SELECT ON pipeline.activation TO assay_ingest, assay_extractor, assay_scorer;
GRANT SELECT ON ALL TABLES IN SCHEMA pipeline TO assay_autoscaler, assay_operator, analyst;
GRANT INSERT, UPDATE ON pipeline.activation TO assay_operator;
GRANT EXECUTE ON FUNCTION pipeline.ensure_days(regclass, date[]) TO assay_ingest, assay_scorer;

GRANT USAGE ON SCHEMA ledger TO assay_ingest, assay_extractor, assay_scorer, assay_trainer, assay_operator, analyst;
GRANT INSERT, SELECT ON ledger.event_log, ledger.rejected TO assay_ingest;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO assay_extractor, assay_scorer, assay_trainer, assay_operator, analyst;

GRANT USAGE ON SCHEMA model TO assay_ingest, assay_extractor, assay_scorer, assay_trainer, assay_operator, analyst;
GRANT SELECT, INSERT ON model.artifact TO assay_ingest, assay_extractor, assay_scorer, assay_trainer, assay_operator;
GRANT SELECT ON model.artifact TO analyst;

GRANT USAGE ON SCHEMA scoring TO assay_scorer, assay_trainer, assay_operator, analyst;
GRANT INSERT, SELECT ON scoring.score, scoring.marker, scoring.activation TO assay_scorer;
GRANT SELECT ON ALL TABLES IN SCHEMA scoring TO assay_trainer, assay_operator, analyst;

GRANT USAGE ON SCHEMA scaling TO assay_autoscaler, assay_operator, analyst;
GRANT INSERT, SELECT ON scaling.decision TO assay_autoscaler;
GRANT SELECT ON scaling.decision TO assay_operator, analyst;

GRANT USAGE ON SCHEMA analytics TO assay_operator, analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO assay_operator, analyst;
