"""A torch module inside a scikit-learn pipeline and grid search, by way of skorch."""
import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping, GradientNormClipping, LRScheduler
from skorch.dataset import ValidSplit
from torch import nn


class WineNet(nn.Module):
    """Ends with softmax: skorch takes the log of it itself when the criterion is NLLLoss."""

    def __init__(self, hidden=16, dropout=0.0, n_in=13, n_out=3):
        super().__init__()
        self.dense = nn.Linear(n_in, hidden)
        self.drop = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, n_out)

    def forward(self, X):
        X = self.drop(torch.relu(self.dense(X)))
        return torch.softmax(self.output(X), dim=-1)


def main():
    np.random.seed(0)
    torch.manual_seed(0)
    X, y = load_wine(return_X_y=True)
    X, y = X.astype(np.float32), y.astype(np.int64)
    X_fit, X_test, y_fit, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)

    net = NeuralNetClassifier(
        WineNet,
        criterion=nn.NLLLoss,
        optimizer=torch.optim.Adam,
        lr=0.02,
        max_epochs=12,
        batch_size=32,
        iterator_train__shuffle=True,
        train_split=ValidSplit(0.2, stratified=True, random_state=0),     # inner split, for early stopping only
        callbacks=[("stop", EarlyStopping(patience=4, load_best=True)),
                   ("clip", GradientNormClipping(gradient_clip_value=1.0)),
                   ("sched", LRScheduler(policy=torch.optim.lr_scheduler.ExponentialLR, gamma=0.95))],
        verbose=0,
    )
    # the scaler is part of the pipeline: each fold of the search fits its own
    pipe = Pipeline([("scale", StandardScaler()), ("net", net)])
    grid = {"net__module__hidden": [4, 16], "net__module__dropout": [0.0, 0.3]}
    search = GridSearchCV(pipe, grid, cv=StratifiedKFold(3, shuffle=True, random_state=1),
                          scoring="neg_log_loss", refit=True, n_jobs=1)
    search.fit(X_fit, y_fit)
    for params, mean, std in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"],
                                 search.cv_results_["std_test_score"]):
        print(params, f"log loss {-mean:.4f} +- {std:.4f}")
    print("chosen:", search.best_params_)
    proba = search.predict_proba(X_test)                # skorch sets eval mode and no_grad
    assert np.allclose(proba.sum(1), 1, atol=1e-5)
    print(classification_report(y_test, proba.argmax(1), digits=3))


if __name__ == "__main__":
    main()
