//! Which devices a command is for.

use crate::operator::arguments::RunArguments;
use crate::operator::directory::{Device, Directory};
use crate::operator::error::OperatorError;

/// Those of the group, of the label, of both, or all.
///
/// # Errors
/// [`OperatorError::Unknown`] for a group, and [`OperatorError::Usage`] when no device is chosen.
pub fn devices(directory: &Directory, how: &RunArguments) -> Result<Vec<Device>, OperatorError> {
    let group = how.group.as_deref().map(|text| directory.group(text)).transpose()?;
    let chosen: Vec<Device> = directory
        .devices
        .iter()
        .filter(|device| group.is_none_or(|group| group.full_id == device.group_id))
        .filter(|device| how.tag.as_ref().is_none_or(|tag| device.tags.contains(tag)))
        .cloned()
        .collect();
    match chosen.is_empty() {
        true => Err(OperatorError::Usage("no device is chosen by that; see: meshlite devices".into())),
        false => Ok(chosen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::directory::tests::sample;

    fn chosen(group: Option<&str>, tag: Option<&str>) -> Result<Vec<String>, OperatorError> {
        let how = RunArguments {
            id: "true".into(),
            command: Vec::new(),
            group: group.map(str::to_owned),
            tag: tag.map(str::to_owned),
            all: group.is_none() && tag.is_none(),
            parallel: 1,
            timeout: 1,
            wait: 0,
            raw: false,
        };
        let mut directory = sample();
        directory.devices[0].tags = vec!["lab".into()];
        Ok(devices(&directory, &how)?.into_iter().map(|device| device.name).collect())
    }

    #[test]
    fn groups_and_labels_narrow_the_choice() {
        assert_eq!(chosen(None, None).unwrap().len(), 5);
        assert_eq!(chosen(Some("Office"), None).unwrap(), ["b", "desk"]);
        assert_eq!(chosen(None, Some("lab")).unwrap(), ["b"]);
        assert!(matches!(chosen(Some("Shop"), Some("lab")), Err(OperatorError::Usage(_))));
        assert!(matches!(chosen(Some("Nowhere"), None), Err(OperatorError::Unknown { .. })));
    }
}
