from typing import Dict, Tuple

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn


def load_data(seed: int) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    features, labels = make_classification(
        n_samples=1200, n_features=14, n_informative=8, class_sep=1.2, weights=[0.7], random_state=seed
    )
    x_tr, x_te, y_tr, y_te = train_test_split(features, labels, test_size=0.25, stratify=labels, random_state=seed)
    scaler = StandardScaler().fit(x_tr)
    x_tr, x_te = scaler.transform(x_tr), scaler.transform(x_te)
    return (
        torch.tensor(x_tr, dtype=torch.float32),
        torch.tensor(y_tr, dtype=torch.float32),
        torch.tensor(x_te, dtype=torch.float32),
        torch.tensor(y_te, dtype=torch.float32),
    )


class ChurnNet(nn.Module):
    def __init__(self, n_features: int, width: int = 32, p: float = 0.2) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def train_one_epoch(model: nn.Module, x: Tensor, y: Tensor, optimizer: torch.optim.Optimizer) -> float:
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(50):
        logits = model(x[idx])
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y[idx].unsqueeze(1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(x)


@torch.inference_mode()
def score(model: nn.Module, x: Tensor, y: Tensor) -> Dict[str, float]:
    model.eval()
    logits = model(x)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, y[:, None])
    predicted = (logits.sigmoid() >= 0.5).float().squeeze(-1)
    return {"loss": loss.item(), "acc": predicted.eq(y).float().mean().item()}


def main(seed: int = 5, epochs: int = 12) -> None:
    np.random.seed(seed)
    torch.manual_seed(seed)
    x_tr, y_tr, x_te, y_te = load_data(seed)
    model = ChurnNet(x_tr.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(1, epochs + 1):
        train_loss = train_one_epoch(model, x_tr, y_tr, optimizer)
        result = score(model, x_te, y_te)
        print(f"{epoch:02d} train {train_loss:.3f} test {result['loss']:.3f} acc {result['acc']:.3f}")


if __name__ == "__main__":
    main()
