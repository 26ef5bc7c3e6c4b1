import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

SEED = 8
FOLDS = 5
torch.manual_seed(SEED)


def build_model(n_in: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(n_in, 64),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(64, 64),
        nn.ReLU(),
        nn.Linear(64, 1),
    )


def fit(model: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int = 25) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]).squeeze(1), y[idx])
            loss.backward()
            optimizer.step()


def evaluate(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        predicted = (model(x).squeeze(1) > 0).float()
    return (predicted == y).float().mean().item()


def main() -> None:
    table = load_breast_cancer()
    rng = np.random.default_rng(SEED)
    # ten of the columns, with measurement noise, as from a cheaper device
    features = table.data[:, :10] * rng.lognormal(0.0, 0.15, size=(len(table.data), 10))
    labels = table.target.astype(np.float32)

    scores = []
    splitter = StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=SEED)
    for fold, (train_rows, val_rows) in enumerate(splitter.split(features, labels), start=1):
        model = build_model(features.shape[1])
        scaler = StandardScaler().fit(features[train_rows])
        x = torch.tensor(scaler.transform(features), dtype=torch.float32)
        y = torch.from_numpy(labels)
        train_idx, val_idx = torch.from_numpy(train_rows), torch.from_numpy(val_rows)

        fit(model, x[train_idx], y[train_idx])
        scores.append(evaluate(model, x[val_idx], y[val_idx]))
        print(f"fold {fold}: accuracy {scores[-1]:.4f} on {len(val_rows)} samples")

    print(f"{FOLDS}-fold accuracy {np.mean(scores):.4f} +- {np.std(scores, ddof=1):.4f}")


if __name__ == "__main__":
    main()
