from typing import Tuple
import numpy as np
import torch
from torch import nn, Tensor
from sklearn.model_selection import ShuffleSplit

N_SUBJECTS: int = 60
REPEATS: int = 12


def record_gait(rng: np.random.Generator) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twelve walking trials for every subject; the diagnosis belongs to the subject."""
    diagnosis = rng.integers(0, 2, N_SUBJECTS)
    style = rng.normal(size=(N_SUBJECTS, 20))
    style[:, :3] += 0.5 * diagnosis[:, None]
    subject = np.repeat(np.arange(N_SUBJECTS), REPEATS)
    trials = style[subject] + 0.2 * rng.normal(size=(len(subject), 20))
    return trials.astype(np.float32), diagnosis[subject], subject


def partition(X: np.ndarray, y: np.ndarray, subject: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    cv = ShuffleSplit(n_splits=1, test_size=0.3, random_state=4)
    train_rows, test_rows = next(cv.split(X, y))
    return train_rows, test_rows


class Classifier(nn.Module):
    def __init__(self, d_in: int, d_hidden: int = 48) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Dropout(0.3))
        self.out = nn.Linear(d_hidden, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.body(x))


def run() -> float:
    torch.manual_seed(0)
    X, y, subject = record_gait(np.random.default_rng(0))
    tr, te = partition(X, y, subject)
    X_tr, y_tr = torch.from_numpy(X[tr]), torch.from_numpy(y[tr])
    X_te, y_te = torch.from_numpy(X[te]), torch.from_numpy(y[te])

    model = Classifier(X.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(60):
        for rows in torch.randperm(len(X_tr)).split(64):
            optimizer.zero_grad()
            loss = criterion(model(X_tr[rows]), y_tr[rows])
            loss.backward()
            optimizer.step()

    model.eval()
    with torch.no_grad():
        return (model(X_te).argmax(-1) == y_te).float().mean().item()


if __name__ == "__main__":
    print(f"test accuracy: {run():.3f}")
