import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

CFG = {
    "epochs": 30,
    "batch": 64,
    "optimizer": dict(lr=0.05, momentum=0.9),
    "plateau": dict(factor=0.2, patience=3, threshold=1e-3, threshold_mode="abs"),
}


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3)
        self.c2 = nn.Conv2d(12, 16, 3)
        self.drop = nn.Dropout(0.25)
        self.out = nn.Linear(64, 10)

    def forward(self, im):
        z = F.relu(self.c1(im))
        z = F.max_pool2d(F.relu(self.c2(z)), 2)
        return self.out(self.drop(torch.flatten(z, 1)))


def digits(seed):
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 1, 8, 8).astype("float32") / 16
    X_fit, X_test, y_fit, y_test = train_test_split(X, y, test_size=400, random_state=seed, stratify=y)
    X_tr, X_val, y_tr, y_val = train_test_split(X_fit, y_fit, test_size=300, random_state=seed, stratify=y_fit)
    pack = lambda a, b: (torch.from_numpy(a), torch.from_numpy(b))
    return pack(X_tr, y_tr), pack(X_val, y_val), pack(X_test, y_test)


def predict(model, X):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in X.split(200)])


def score(model, pair):
    X, y = pair
    return accuracy_score(y.numpy(), predict(model, X).numpy())


def run(cfg, seed=0):
    torch.manual_seed(seed)
    (X, y), valid, test = digits(seed)
    model = SmallCNN()
    optimizer = torch.optim.SGD(model.parameters(), **cfg["optimizer"])
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **cfg["plateau"])
    for epoch in range(cfg["epochs"]):
        model.train()
        for idx in torch.randperm(len(X)).split(cfg["batch"]):
            optimizer.zero_grad()
            F.cross_entropy(model(X[idx]), y[idx]).backward()
            optimizer.step()
        s = score(model, valid)
        scheduler.step(s)
        if epoch % 5 == 4:
            print(epoch + 1, f"valid {s:.3f}", "lr", scheduler.get_last_lr()[0])
    return score(model, test)


if __name__ == "__main__":
    print(f"test accuracy {run(CFG):.4f}")
