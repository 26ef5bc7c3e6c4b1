import torch
from torch import nn, optim
from sklearn.datasets import make_moons
from sklearn.kernel_approximation import RBFSampler
from sklearn.model_selection import train_test_split


class LinearSVM(nn.Module):
    """soft-margin SVM, trained by sub-gradient descent"""

    def __init__(self, n_features, C=1.0):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(n_features))
        self.b = nn.Parameter(torch.zeros(()))
        self.C = C

    def forward(self, x):
        return x @ self.w + self.b

    def objective(self, x, y, n_total):
        margin = torch.clamp(1 - y * self(x), min=0)
        return self.C * margin.mean() + 0.5 * self.w.dot(self.w) / n_total


def load(seed):
    X, y = make_moons(800, noise=0.2, random_state=seed)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)
    features = RBFSampler(gamma=2.0, n_components=150, random_state=seed).fit(X_train)
    as_x = lambda a: torch.tensor(features.transform(a), dtype=torch.float32)
    as_y = lambda a: torch.tensor(2.0 * a - 1.0, dtype=torch.float32)
    return as_x(X_train), as_x(X_test), as_y(y_train), as_y(y_test)


def train(model, x, y, epochs, batch, lr):
    optimizer = optim.SGD(model.parameters(), lr=lr)
    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[epochs // 2, 3 * epochs // 4], gamma=0.3)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            model.objective(x[idx], y[idx], len(x)).backward()
            optimizer.step()
        scheduler.step()
    return model


def accuracy(model, x, y):
    with torch.no_grad():
        return ((model(x) > 0) == (y > 0)).float().mean().item()


torch.manual_seed(0)
x_train, x_test, y_train, y_test = load(seed=7)
svm = train(LinearSVM(x_train.size(1)), x_train, y_train, epochs=40, batch=30, lr=0.2)
print("train", accuracy(svm, x_train, y_train), "test", accuracy(svm, x_test, y_test))
