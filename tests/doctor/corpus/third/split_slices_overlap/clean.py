# coding: utf-8
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)

# 数据准备：先打乱，再划分
data = load_digits()
perm = torch.randperm(len(data.target))
x = torch.tensor(data.data, dtype=torch.float32)[perm] / 16.0
y = torch.tensor(data.target)[perm]

n_total = x.shape[0]
n_val = 300
n_test = 300
n_train = n_total - n_val - n_test

x_train, y_train = x[:n_train], y[:n_train]
x_val, y_val = x[n_train:n_train + n_val], y[n_train:n_train + n_val]
x_test, y_test = x[-n_test:], y[-n_test:]

# 模型
model = nn.Sequential(
    nn.Linear(64, 100),
    nn.ReLU(),
    nn.Linear(100, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)


def accuracy(inputs, targets):
    model.eval()
    with torch.no_grad():
        return (model(inputs).argmax(dim=1) == targets).float().mean().item()


# 训练
for epoch in range(12):
    model.train()
    idx = torch.randperm(len(x_train))
    for i in range(0, len(x_train), 64):
        b = idx[i:i + 64]
        loss = criterion(model(x_train[b]), y_train[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f'第{epoch}轮 验证准确率 {accuracy(x_val, y_val):.4f}')

print(f'测试准确率 {accuracy(x_test, y_test):.4f}')
