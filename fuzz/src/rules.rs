//! Files of rules.

use stacchip_model::Scene;
use stacchip_stats::RulesFile;

use crate::memory;

/// Reads a file of rules and looks for the rule of a few scenes.
pub fn rules(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    memory::within("reading rules", MEMORY + 1000 * text.len(), || {
        match text.parse::<RulesFile>() {
            Ok(rules) => {
                assert!(!rules.is_empty(), "rules without a rule were taken");
                for collection in [None, Some("sentinel-2-l2a"), Some("landsat-c2-l2")] {
                    let scene = Scene {
                        id: "scene".to_owned(),
                        collection: collection.map(str::to_owned),
                        ..Scene::default()
                    };
                    let _ = rules.rule_for(&scene);
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

const MEMORY: usize = 8 << 20;
