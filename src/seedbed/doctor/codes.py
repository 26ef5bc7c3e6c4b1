"""The one table code → check. A code stands for one mistake, whoever finds it: reading, watching, monitoring.

Ranges: 1xx the optimisation step; 2xx losses, targets, shapes; 3xx modes and metrics; 4xx data;
5xx model structure; 6xx checkpoints and copies; 7xx randomness, devices, numerics; 8xx jobs; 9xx monitors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedbed.doctor.finding import Finding, Severity


@dataclass(frozen=True)
class Check:
    """One mistake that the doctor knows.

    Args:
        code: ``"SB101"``.
        name: Named for the bad pattern, read after "allow": ``"missing-zero-grad"``.
        title: The mistake in one line.
        severity: Severity of its findings unless a finding says otherwise.
    """

    code: str
    name: str
    title: str
    severity: Severity

    @property
    def module(self) -> str:
        """Dotted name of the file that holds the page (its docstring) and, for static checks, the rule."""
        return f"seedbed.doctor.rules.{self.code.lower()}_{self.name.replace('-', '_')}"

    def finding(self, title: str = "", **fields: Any) -> Finding:
        """Return a finding of this check; ``severity`` and ``title`` default to the table's."""
        fields.setdefault("severity", self.severity)
        return Finding(code=self.code, name=self.name, title=title or self.title, **fields)


E, W, H = Severity.ERROR, Severity.WARNING, Severity.HINT

_TABLE: tuple[tuple[str, str, Severity, str], ...] = (
    # 1xx the optimisation step
    ("SB101", "missing-zero-grad", E, "zero_grad() is missing: gradients accumulate over all steps"),
    ("SB102", "missing-backward", E, "backward() is never called: no parameter gets a gradient"),
    ("SB103", "uncalled-method", E, "a method is named but not called: its parentheses are missing"),
    ("SB104", "missing-step", E, "optimizer.step() is never called: the weights never change"),
    ("SB105", "zero-grad-before-step", E, "zero_grad() between backward() and step() erases the gradient"),
    ("SB106", "clip-after-step", E, "gradients are clipped after optimizer.step()"),
    ("SB107", "clip-before-backward", E, "gradients are clipped before backward() has made them"),
    ("SB108", "clip-before-unscale", E, "gradients are clipped while still multiplied by the loss scale"),
    ("SB109", "undivided-accumulation", W, "gradient accumulation without dividing the loss"),
    ("SB110", "zero-grad-in-accumulation", E, "zero_grad() in every micro-batch undoes the accumulation"),
    ("SB111", "epoch-schedule-per-batch", W, "a schedule counted in epochs is stepped in every batch"),
    ("SB112", "batch-schedule-per-epoch", W, "a schedule counted in steps is stepped once per epoch"),
    ("SB113", "scheduler-before-optimizer", W, "scheduler.step() runs before optimizer.step()"),
    ("SB114", "misused-plateau", W, "ReduceLROnPlateau gets no metric, or one that goes the other way"),
    ("SB115", "unstepped-scheduler", W, "the learning-rate scheduler is never stepped"),
    ("SB116", "foreign-parameters", E, "the optimizer holds the parameters of another model"),
    ("SB117", "stale-optimizer", E, "the optimizer holds parameters that the model no longer uses"),
    ("SB118", "untrained-module", W, "a module takes part in the loss but not in any optimizer"),
    ("SB119", "optimizer-in-loop", W, "the optimizer is created again in the loop: its state is lost"),
    ("SB120", "swapped-rate-and-decay", W, "learning rate and weight decay look swapped"),
    ("SB121", "implausible-rate", W, "the learning rate is far outside what this optimizer works with"),
    ("SB122", "scaled-loss-plain-step", E, "the loss is scaled but the optimizer steps without the scaler"),
    ("SB123", "fp16-without-scaler", W, "float16 autocast without a GradScaler: small gradients become zero"),
    ("SB124", "missing-scaler-update", E, "scaler.update() is never called"),
    ("SB125", "frozen-parameters", E, "the parameters that should train have requires_grad=False"),
    ("SB126", "exhausted-parameters", E, "the parameter generator is empty when the optimizer reads it"),
    ("SB127", "repeated-step", W, "the optimizer steps twice on one gradient"),
    ("SB128", "cut-graph", E, "the graph is cut between the model and the loss: no gradient flows"),
    ("SB129", "training-without-grad", E, "training runs under no_grad: no gradient is recorded"),
    ("SB130", "rebound-parameter", E, "a hand-written update makes a new tensor instead of changing the parameter"),
    ("SB131", "ascending-update", E, "the update goes up the gradient instead of down"),
    ("SB132", "retained-graph", W, "retain_graph=True hides a graph that is kept from step to step"),
    ("SB133", "step-outside-loop", E, "backward() runs for every batch, step() only once after the loop"),
    ("SB134", "backward-outside-loop", E, "backward() runs only for the last batch of the loop"),
    ("SB135", "dropped-loss-term", W, "a loss is computed but never reaches backward()"),
    ("SB138", "clip-other-parameters", W, "clipping does not touch the parameters that the optimizer steps"),
    ("SB139", "lambda-returns-rate", W, "LambdaLR's function returns a rate, but it must return a factor"),
    ("SB140", "short-schedule", W, "the schedule's horizon does not fit the number of steps that run"),
    ("SB141", "rate-set-aside", E, "a new learning rate is assigned where the optimizer never reads it"),
    ("SB142", "implausible-momentum", W, "momentum or betas are far outside what works"),
    ("SB143", "recreated-scheduler", W, "the scheduler is created again in the loop: it never advances"),
    ("SB144", "implausible-clip", W, "the clipping threshold is implausible"),
    ("SB146", "unmoved-parameter", E, "a parameter never changes although training runs"),
    ("SB147", "parameter-without-gradient", W, "a parameter is trained but never gets a gradient"),
    ("SB148", "clear-other-gradients", E, "zero_grad() clears something else than what the optimizer steps"),
    ("SB150", "implausible-decay", W, "the weight decay is so strong that the weights shrink to zero"),
    ("SB151", "recreated-scaler", E, "the GradScaler is created again in every step: its scale never adapts"),
    ("SB152", "penalty-without-graph", E, "a gradient penalty without create_graph=True is a constant"),
    # 2xx losses, targets, shapes
    ("SB201", "softmax-before-cross-entropy", E, "softmax before CrossEntropyLoss: it expects raw logits"),
    ("SB202", "log-softmax-before-cross-entropy", H, "log_softmax before CrossEntropyLoss is redundant"),
    ("SB203", "sigmoid-before-bce-with-logits", E, "sigmoid before BCEWithLogitsLoss: sigmoid is applied twice"),
    ("SB204", "logits-into-bce", E, "BCELoss gets raw logits: the sigmoid is missing"),
    ("SB205", "nll-without-log-softmax", E, "NLLLoss gets something else than log-probabilities"),
    ("SB206", "kl-without-log", E, "KLDivLoss expects log-probabilities as its input"),
    ("SB207", "kl-mean-reduction", W, "KLDivLoss with reduction='mean' is not the KL divergence"),
    ("SB208", "softmax-over-batch", E, "softmax over the wrong dim: it normalises over the batch"),
    ("SB209", "argmax-over-batch", E, "argmax over the wrong dim: it compares samples, not classes"),
    ("SB210", "broadcast-loss", E, "shapes (N, 1) and (N,) broadcast to (N, N) in the loss"),
    ("SB211", "swapped-loss-arguments", E, "the loss gets target and prediction in the wrong order"),
    ("SB212", "bounded-regression", W, "the output activation cannot reach the targets"),
    ("SB213", "rectified-logits", W, "ReLU on the output: logits below zero are lost"),
    ("SB214", "view-as-permute", E, "view/reshape is used where permute/transpose is needed"),
    ("SB215", "discarded-result", E, "the result is thrown away: this call does not work in place"),
    ("SB216", "kept-graph", W, "loss tensors are kept with their autograd graph: use loss.item()"),
    ("SB217", "single-logit-softmax", E, "softmax or cross-entropy over a single output is constant"),
    ("SB218", "class-count-mismatch", W, "the number of outputs does not fit the number of classes"),
    ("SB220", "inplace-on-shared", W, "an in-place operation changes a tensor that is still used elsewhere"),
    ("SB222", "unscaled-attention", W, "attention scores are not divided by sqrt(d)"),
    ("SB223", "visible-future", E, "positions can see the future: the causal mask is missing or wrong"),
    ("SB224", "unshifted-targets", E, "language-model targets are not shifted: the model copies its input"),
    ("SB225", "counted-padding", W, "padding counts in the loss: ignore_index is missing"),
    ("SB226", "attended-padding", W, "padding takes part in attention, pooling or recurrence"),
    ("SB227", "swapped-sequence-axis", E, "batch and time are swapped: batch_first does not fit the data"),
    ("SB228", "wrong-time-step", W, "the wrong axis or step is taken as the last output of the sequence"),
    ("SB229", "undetached-state", W, "the hidden state is carried from batch to batch without detach()"),
    ("SB230", "unguarded-log", W, "log of something that can be zero"),
    ("SB231", "unguarded-root", W, "the gradient of sqrt or norm at zero is infinite or NaN"),
    ("SB232", "truncated-target", E, "targets are cast to integers: their fraction is lost"),
    ("SB233", "inverted-class-weight", W, "class weights favour the frequent class"),
    ("SB234", "masked-mean-over-all", W, "a masked loss is averaged over the masked entries too"),
    ("SB235", "mask-after-softmax", E, "the mask is applied after softmax, or with zeros before it"),
    ("SB236", "flipped-loss-sign", E, "the sign of the loss is wrong: training makes it worse"),
    ("SB237", "flat-loss", E, "argmax, round or a comparison in the loss has no gradient"),
    ("SB238", "undetached-target", W, "gradient flows into the target: detach() is missing"),
    ("SB239", "log-variance-as-deviation", E, "the log-variance is used as if it were the deviation"),
    ("SB240", "merged-batch", E, "the batch dim is merged into the features"),
    ("SB241", "twice-averaged-loss", W, "a mean loss is divided by the batch size once more"),
    ("SB242", "signed-binary-targets", E, "binary targets are not in 0..1"),
    ("SB243", "label-outside-range", E, "labels do not start at 0 or leave the range of classes"),
    ("SB244", "softmax-before-regression", W, "MSE on class indices or one-hot targets"),
    ("SB247", "wrong-class-axis", E, "the class axis of a loss or metric is not where it is expected"),
    ("SB248", "several-labels-in-cross-entropy", W, "CrossEntropyLoss gets several labels per sample"),
    ("SB250", "sample-without-gradient", E, "sample() cuts the gradient: reparameterised rsample() is needed"),
    ("SB251", "exp-before-poisson", E, "PoissonNLLLoss gets a rate, but it expects its logarithm"),
    ("SB252", "weighted-after-reduction", E, "weights, mask or focal factor are applied to a loss that is already averaged"),
    ("SB253", "compared-with-nan", E, "a comparison with NaN by == or != is always the same"),
    ("SB255", "variance-contract", E, "GaussianNLLLoss gets something else than a variance"),
    ("SB256", "unpaid-uncertainty", E, "a learned uncertainty weighs the error, but its own term is missing or has the wrong sign"),
    ("SB257", "one-sided-temperature", W, "the temperature of a distillation loss is not used as it must be"),
    ("SB258", "weights-in-frequency-order", E, "class weights are in order of frequency, not of the class indices"),
    ("SB259", "weight-instead-of-pos-weight", W, "BCE's weight scales both classes: pos_weight is meant"),
    ("SB260", "excessive-smoothing", W, "smoothed labels are no distribution, or hardly hold the label any more"),
    ("SB261", "ignored-class", W, "ignore_index is a real class of an ordinary classification"),
    ("SB262", "unsigned-pair-labels", E, "a margin loss gets labels 0 and 1 where it needs -1 and 1"),
    ("SB263", "swapped-pair-sides", E, "positive and negative pairs change places in a triplet or contrastive loss"),
    ("SB264", "minimised-similarity", E, "a similarity to the target is minimised"),
    ("SB265", "multiplied-temperature", W, "similarities are multiplied by a temperature that they should be divided by"),
    ("SB266", "overlap-of-scores", E, "a Dice or IoU of raw scores, with a wrong denominator, or minimised"),
    ("SB268", "penalty-without-gradient", E, "a penalty on the weights has no gradient, the wrong sign, or no norm"),
    ("SB270", "mismatched-mixup", E, "the loss of mixed samples does not weigh the labels as the inputs were mixed"),
    # 3xx modes and metrics
    ("SB301", "missing-eval-mode", E, "model.eval() is missing: evaluation runs in training mode"),
    ("SB302", "training-in-eval-mode", E, "model.train() is missing: training goes on in eval mode"),
    ("SB303", "gradients-in-evaluation", W, "torch.no_grad() is missing: evaluation records gradients"),
    ("SB304", "mean-of-batch-means", W, "a mean of batch means weighs a short last batch too much"),
    ("SB305", "wrong-divisor", E, "the sum is divided by the wrong count"),
    ("SB306", "unreset-metric", E, "a running metric is not reset every epoch"),
    ("SB307", "threshold-on-logits", E, "logits are compared with 0.5 as if they were probabilities"),
    ("SB308", "last-batch-metric", W, "the metric is computed on the last batch only"),
    ("SB309", "evaluation-on-training-data", E, "the evaluation uses the training data"),
    ("SB310", "inverted-best", E, "the best score is kept in the wrong direction"),
    ("SB311", "selection-on-test", W, "the test set is used to choose the model"),
    ("SB312", "training-on-validation", E, "the weights are updated on validation or test data"),
    ("SB313", "unreset-patience", W, "the early-stopping counter is never reset"),
    ("SB314", "return-in-loop", E, "return inside the batch loop ends it after the first batch"),
    ("SB315", "break-in-loop", W, "a break leaves the batch loop early: most data is never seen"),
    ("SB316", "functional-dropout", E, "F.dropout without training=self.training stays on in evaluation"),
    ("SB317", "broadcast-metric", E, "shapes (N, 1) and (N,) broadcast in a metric"),
    ("SB318", "ineffective-no-grad", E, "no_grad or set_grad_enabled is used so that it has no effect"),
    ("SB319", "hard-labels-into-auc", W, "a ranking metric gets hard labels instead of scores"),
    ("SB320", "swapped-metric-arguments", W, "the metric gets predictions and targets in the wrong order"),
    ("SB321", "integer-metric", W, "integer division cuts the metric"),
    ("SB322", "stuck-grad-mode", E, "gradients are switched off and never on again"),
    ("SB326", "functional-norm-in-training", E, "F.batch_norm with training=True stays in training mode"),
    # 4xx data
    ("SB401", "unshuffled-training", W, "the training data is not shuffled"),
    ("SB402", "shuffled-evaluation", H, "the evaluation data is shuffled"),
    ("SB403", "drop-last-in-evaluation", W, "drop_last=True on evaluation data: samples are skipped"),
    ("SB404", "fit-before-split", E, "statistics are fitted on all data before the split"),
    ("SB405", "fit-on-evaluation", E, "the scaler is fitted again on evaluation data"),
    ("SB406", "overlapping-splits", E, "training and evaluation data share samples"),
    ("SB407", "augmented-evaluation", W, "random augmentation is applied to evaluation data"),
    ("SB408", "scaled-twice", E, "the inputs are scaled twice"),
    ("SB409", "unnormalized-evaluation", E, "evaluation inputs are not normalised as the training inputs are"),
    ("SB410", "missing-set-epoch", W, "DistributedSampler.set_epoch() is never called"),
    ("SB411", "equal-worker-streams", W, "every worker draws the same random numbers"),
    ("SB413", "unpaired-transform", E, "input and target get different random transforms"),
    ("SB414", "unpaired-shuffle", E, "inputs and targets are shuffled differently"),
    ("SB415", "shuffled-time-split", W, "a time series is split at random: the future leaks"),
    ("SB416", "target-among-features", E, "the target is among the inputs"),
    ("SB417", "resampled-before-split", E, "samples are repeated before the split"),
    ("SB418", "duplicated-stream", E, "every worker reads the whole stream: samples are repeated"),
    ("SB419", "exhausted-iterator", E, "an iterator is empty after the first epoch"),
    ("SB420", "ignored-index", E, "__getitem__ does not use its index, or __len__ is wrong"),
    ("SB421", "mutated-sample", E, "a sample is changed in place: the change adds up over epochs"),
    ("SB422", "single-class-batch", W, "batches hold one class only"),
    ("SB423", "implausible-normalization", W, "mean and std of Normalize do not fit the data"),
    ("SB424", "per-batch-normalization", W, "inputs are normalised with each batch's own statistics"),
    ("SB426", "repeated-first-batch", E, "next(iter(loader)) in the loop gives a first batch every time"),
    ("SB427", "class-weights-as-sample-weights", E, "WeightedRandomSampler needs one weight per sample"),
    ("SB433", "unscaled-input", W, "inputs are far from the scale that the network expects"),
    ("SB434", "skipped-data", W, "a part of the data is never used"),
    ("SB435", "unordered-classes", E, "the order of classes or files depends on the run"),
    # 5xx model structure
    ("SB501", "unregistered-layers", E, "layers in a plain list or dict are not registered"),
    ("SB502", "repeated-layer", E, "[layer] * n repeats one layer: the weights are shared"),
    ("SB503", "plain-tensor-parameter", E, "a learnable tensor is not registered as nn.Parameter"),
    ("SB504", "missing-super-init", E, "super().__init__() is missing in a module"),
    ("SB505", "layer-in-forward", E, "a layer is created in forward(): it is new and random in every call"),
    ("SB506", "unscaled-initialization", W, "weights are drawn with a standard deviation that is too large"),
    ("SB507", "constant-initialization", E, "weights are all equal: units never differ"),
    ("SB508", "ineffective-initialization", W, "the initialisation has no effect"),
    ("SB509", "missing-activation", W, "linear layers follow each other without an activation"),
    ("SB510", "unused-layer", W, "a layer is defined but never used in forward()"),
    ("SB511", "implausible-dropout", W, "dropout with an implausible rate or place"),
    ("SB513", "moving-frozen-statistics", W, "a frozen network still updates its BatchNorm statistics"),
    ("SB514", "misspelt-requires-grad", E, "requires_grad is set where it has no effect"),
    ("SB515", "broken-weight-tying", E, "weights are copied instead of shared"),
    ("SB516", "inverted-norm-momentum", W, "BatchNorm momentum counts the new batch: 0.9 is not smooth"),
    ("SB517", "softmax-as-activation", W, "softmax inside the network as a hidden activation"),
    ("SB518", "shared-module", E, "instances share one module by accident"),
    ("SB519", "dead-units", W, "units are zero for every input"),
    ("SB520", "ignored-input", E, "the output does not depend on the input"),
    ("SB522", "interacting-samples", E, "one sample's output depends on the others in the batch"),
    ("SB525", "saturating-stack", W, "a deep stack of sigmoid or tanh loses the gradient"),
    ("SB529", "dropped-result-in-forward", E, "forward() computes something that its output does not use"),
    # 6xx checkpoints and copies
    ("SB601", "live-state-dict", E, "state_dict() is kept by reference: it goes on changing"),
    ("SB602", "shallow-copy", E, "the copy shares its weights with the model"),
    ("SB603", "swapped-average", E, "the moving average is weighted the wrong way round"),
    ("SB604", "stale-average-buffers", W, "the averaged model's buffers are never updated"),
    ("SB605", "unmoved-average", E, "the moving average is never updated or never used"),
    ("SB606", "partial-load", W, "load_state_dict(strict=False) hides keys that did not load"),
    ("SB607", "unloaded-weights", E, "weights are read but never put into the model"),
    ("SB608", "overwritten-weights", E, "loaded weights are overwritten by a new initialisation"),
    ("SB609", "incomplete-checkpoint", W, "the checkpoint misses optimizer, scheduler or epoch"),
    ("SB610", "unconditional-best", W, "the best checkpoint is overwritten in every epoch"),
    ("SB611", "recreated-model", E, "the model is created again in the loop: its weights are lost"),
    ("SB612", "trained-teacher", W, "teacher or target network is trained too"),
    ("SB613", "carried-over-model", E, "folds or trials go on with weights that have seen the held-out data"),
    ("SB614", "ineffective-load", E, "load_state_dict() loaded nothing or into something else"),
    ("SB615", "useless-best", E, "the best score so far is never really kept"),
    # 7xx randomness, devices, numerics
    ("SB701", "half-seeded", W, "only some of the random generators in use are seeded"),
    ("SB702", "reseeded-loop", W, "the seed is set again in the loop: the same numbers in every pass"),
    ("SB703", "seed-after-use", W, "the seed is set after random numbers were used"),
    ("SB704", "nondeterministic-kernels", H, "cudnn.benchmark or other settings make runs differ"),
    ("SB705", "moved-after-optimizer", W, "the model is moved or cast after the optimizer was built"),
    ("SB706", "half-precision-weights", W, "the weights are float16: small updates are lost"),
    ("SB707", "swallowed-exception", W, "errors in the training step are swallowed"),
    ("SB708", "hidden-nan", W, "NaN is replaced or skipped instead of explained"),
    ("SB709", "fixed-noise", W, "noise is drawn once and used in every step"),
    ("SB710", "non-leaf-parameter", E, "a trained tensor is not a leaf: the optimizer never changes it"),
    ("SB713", "framework-warning", W, "PyTorch warned about this"),
    ("SB714", "mutable-default", W, "a list or dict as a default argument is shared between calls"),
    ("SB715", "order-dependent-data", W, "samples depend on the order in which they are read"),
    ("SB716", "nondeterministic-operation", W, "one update made twice gives two different gradients"),
    # 8xx jobs
    ("SB801", "warmup-beyond-run", W, "the warm-up is longer than the run"),
    ("SB803", "patience-beyond-run", W, "the patience is longer than the run"),
    ("SB804", "batch-beyond-data", W, "the batch is larger than the data set"),
    ("SB805", "unscaled-target", W, "targets are far from the scale that a network puts out"),
    ("SB806", "unscaled-activations", W, "activations grow or vanish from layer to layer before training"),
    ("SB807", "missing-class", W, "a class is missing from a split"),
    ("SB808", "half-precision-on-cpu", W, "float16 on a CPU is slow and loses small gradients"),
    ("SB809", "non-finite-data", W, "the data holds NaN or infinity"),
    ("SB810", "slow-average", W, "the averaged weights still hold much of the initial weights at the end"),
    ("SB811", "label-changing-augmentation", W, "mirrored digits or letters are not what their label says"),
    ("SB812", "doubled-class-weights", W, "rare classes are favoured twice: by the sampler and in the loss"),
    ("SB813", "leftover-limit", H, "only a part of the training data is used"),
    ("SB814", "unreached-unfreeze", W, "the epoch in which weights are unfrozen never comes"),
    ("SB815", "unvalidated-choice", W, "the best weights are chosen by the training loss"),
    ("SB816", "rare-evaluation", W, "the evaluation interval is longer than the run"),
    ("SB817", "late-checkpoint", H, "nothing is saved before the end of the run"),
    ("SB818", "accumulation-beyond-epoch", W, "one update needs more batches than an epoch has"),
    # 9xx monitors
    ("SB901", "non-finite-loss", E, "the loss is not finite"),
    ("SB902", "exploding-gradient", W, "the gradient explodes"),
    ("SB903", "vanishing-gradient", W, "the gradient vanishes in the first layers"),
    ("SB904", "implausible-first-loss", W, "the first loss is far from what chance gives"),
    ("SB905", "stalled-loss", W, "the loss does not move"),
    ("SB906", "widening-gap", H, "the validation loss rises while the training loss falls"),
    ("SB907", "implausible-update", W, "updates are too large or too small for the weights"),
    ("SB909", "constant-prediction", W, "the model predicts the same for every input"),
    ("SB911", "diverging-loss", W, "the loss has risen far above its best and stays there"),
    ("SB912", "loss-spikes", H, "the loss jumps again and again"),
    ("SB913", "slowing-throughput", H, "training has become much slower than it was"),
)

CHECKS: dict[str, Check] = {code: Check(code, name, title, sev) for code, name, sev, title in _TABLE}
BY_NAME: dict[str, Check] = {check.name: check for check in CHECKS.values()}


def find_check(text: str) -> Check | None:
    """Return the check with this code or name (case does not matter), or ``None``."""
    return CHECKS.get(text.upper()) or BY_NAME.get(text.lower())
