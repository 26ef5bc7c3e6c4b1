"""skorch inside a scikit-learn pipeline and grid search: the scaler is refitted per fold, class weights from the training labels only."""
import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping, EpochScoring, GradientNormClipping, LRScheduler
from skorch.dataset import ValidSplit
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight
from torch import nn


class MLP(nn.Module):
    def __init__(self, width=32, drop=0.1):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, width), nn.ReLU(), nn.Dropout(drop), nn.Linear(width, 3))

    def forward(self, x):
        return self.body(x)  # logits: the criterion below is CrossEntropyLoss, skorch adds softmax in predict_proba


def main():
    X, y = make_classification(900, 20, n_informative=8, n_classes=3, weights=[0.6, 0.3, 0.1], class_sep=1.2, random_state=0)
    X, y = X.astype(np.float32), y.astype(np.int64)
    xt, xs, yt, ys = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    weight = torch.tensor(compute_class_weight("balanced", classes=np.unique(yt), y=yt), dtype=torch.float32)
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        MLP,
        criterion=nn.CrossEntropyLoss,
        criterion__weight=weight,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=1e-3,
        lr=5e-3,
        max_epochs=10,
        batch_size=64,
        iterator_train__shuffle=True,
        train_split=ValidSplit(0.2, stratified=True, random_state=0),
        callbacks=[
            ("bal", EpochScoring("balanced_accuracy", lower_is_better=False, name="val_bal")),
            ("clip", GradientNormClipping(1.0)),
            ("sched", LRScheduler("CosineAnnealingLR", T_max=10)),
            ("stop", EarlyStopping(monitor="val_bal", lower_is_better=False, patience=4, load_best=True)),
        ],
        verbose=0,
    )
    pipe = Pipeline([("scale", StandardScaler()), ("net", net)])
    search = GridSearchCV(
        pipe, {"net__module__width": [16, 48], "net__lr": [5e-3]},
        scoring="balanced_accuracy", cv=StratifiedKFold(2, shuffle=True, random_state=0), refit=True)
    search.fit(xt, yt)
    for p, m in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"]):
        print(p, round(m, 3))
    best = search.best_estimator_
    prob = best.predict_proba(xs)
    assert np.allclose(prob.sum(1), 1, atol=1e-4)
    print("test balanced accuracy", round(balanced_accuracy_score(ys, prob.argmax(1)), 3))
    print("epochs of the refit", len(best["net"].history), "best", round(max(best["net"].history[:, "val_bal"]), 3))


if __name__ == "__main__":
    main()
